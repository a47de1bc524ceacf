// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/helper_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>

#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/base/signal_block.h"
#include "agent/service/log/log.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/refusal.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

// What the helper saw of itself, and what it is told to do.
struct Script {
  std::atomic<int> serve_calls{0};
  std::atomic<int> threads{0};
  std::atomic<int> pending{0};
  SignalMask mask = 0;
  char name[16] = {};
  // A descriptor of the program's, and whether the helper has it.
  int descriptor = STDIN_FILENO;
  bool has_descriptor = false;
  bool may_open = false;
  long policy = -1;
  std::unique_ptr<std::latch> may_return;
};

Script* script = nullptr;

void ServeUntilIdle() {
  hot::RawSyscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &script->mask, sizeof(script->mask));
  prctl(PR_GET_NAME, script->name);
  script->has_descriptor = fcntl(script->descriptor, F_GETFD) >= 0;
  script->may_open = Open("/dev/null", O_RDONLY).valid();
  script->policy = hot::RawSyscall(SYS_sched_getscheduler, 0);
  ++script->serve_calls;
  script->may_return->wait();
}

bool ServePending() {
  int pending = script->pending.load();
  while (pending > 0 && !script->pending.compare_exchange_weak(pending, pending - 1)) {
  }
  return pending > 0;
}

pthread_t last_thread;

// Joinable, so that a test can wait for the very end.
int JoinableCreate(pthread_t* thread, const pthread_attr_t*, void* (*body)(void*), void* argument) {
  ++script->threads;
  const int result = pthread_create(&last_thread, nullptr, body, argument);
  *thread = last_thread;
  return result;
}

class HelperThreadTest : public testing::Test {
 protected:
  void SetUp() override {
    fake_hot::Reset();
    script_ = std::make_unique<Script>();
    script = script_.get();
    script->may_return = std::make_unique<std::latch>(1);
    Configure(JoinableCreate);
  }
  void Configure(PthreadCreate create) { ConfigureHelper(create, {ServeUntilIdle, ServePending}); }
  void LetItEnd() {
    script->may_return->count_down();
    pthread_join(last_thread, nullptr);
  }

  std::unique_ptr<Script> script_;
};

TEST_F(HelperThreadTest, RunsExcludedNamedAndWithoutSignals) {
  ASSERT_TRUE(StartHelperThread());
  fake_hot::WaitUntilHelperRuns(true);
  LetItEnd();
  EXPECT_EQ(fake_hot::ExcludedThreads(), 1);
  EXPECT_STREQ(script->name, "pprofagent");
  EXPECT_EQ(script->mask, kProgramSignals & ~(SignalBit(SIGKILL) | SignalBit(SIGSTOP)));
}

TEST_F(HelperThreadTest, SharesNoDescriptorWithTheProgram) {
  const int directory = open("/", O_RDONLY | O_DIRECTORY);
  ASSERT_GE(directory, 0);
  script->descriptor = directory;
  ASSERT_TRUE(StartHelperThread());
  LetItEnd();
  EXPECT_FALSE(script->has_descriptor);
  EXPECT_EQ(close(directory), 0);
}

TEST_F(HelperThreadTest, KeepsStandardErrorWhereTheLogGoesThere) {
  ConfigureHelper(JoinableCreate, {ServeUntilIdle, ServePending, true});
  script->descriptor = STDERR_FILENO;
  ASSERT_TRUE(StartHelperThread());
  LetItEnd();
  EXPECT_TRUE(script->has_descriptor);
}

// Linux before 5.9, or a sandbox older than the call.
constexpr test::Refusal kNoCloseRange = {SYS_close_range, ENOSYS};
constexpr test::Refusal kNoUnshare = {SYS_unshare, EPERM};

TEST_F(HelperThreadTest, SharesNoDescriptorWhereCloseRangeIsRefused) {
  script->descriptor = fcntl(STDERR_FILENO, F_DUPFD, 100);
  const bool done = test::WithRefused({kNoCloseRange}, [this] {
    ASSERT_TRUE(StartHelperThread());
    LetItEnd();
    EXPECT_FALSE(script->has_descriptor);
    EXPECT_TRUE(script->may_open);
  });
  EXPECT_EQ(close(script->descriptor), 0);
  if (!done) GTEST_SKIP() << "no seccomp";
}

TEST_F(HelperThreadTest, KeepsOnlyStandardErrorWhereCloseRangeIsRefused) {
  for (const int descriptor : {STDERR_FILENO, STDOUT_FILENO}) {
    SetUp();
    ConfigureHelper(JoinableCreate, {ServeUntilIdle, ServePending, true});
    script->descriptor = descriptor;
    const bool done = test::WithRefused({kNoCloseRange}, [this] {
      ASSERT_TRUE(StartHelperThread());
      LetItEnd();
    });
    if (!done) GTEST_SKIP() << "no seccomp";
    EXPECT_EQ(script->has_descriptor, descriptor == STDERR_FILENO);
  }
}

TEST_F(HelperThreadTest, OpensNothingInTheProgramsTable) {
  const test::ScratchDirectory scratch;
  static Options options;
  options.log = scratch / "log";
  ConfigureLog(options);
  const bool done = test::WithRefused({kNoCloseRange, kNoUnshare}, [this] {
    ASSERT_TRUE(StartHelperThread());
    LetItEnd();
  });
  if (!done) GTEST_SKIP() << "no seccomp";
  EXPECT_TRUE(script->has_descriptor);
  EXPECT_FALSE(script->may_open);
  EXPECT_TRUE(test::Names(scratch.path()).empty()) << "a log would be opened as well";
}

TEST_F(HelperThreadTest, IsNoRealTimeThread) {
  for (const int policy : {SCHED_FIFO, SCHED_RR}) {
    SetUp();
    bool done = false;
    std::thread([&] {
      const sched_param priority = {.sched_priority = 1};
      done = sched_setscheduler(0, policy, &priority) == 0;
      if (done) StartHelperThread();
    }).join();
    if (!done) GTEST_SKIP() << "real-time scheduling is not allowed here";
    LetItEnd();
    EXPECT_EQ(script->policy, SCHED_OTHER);
  }
}

TEST_F(HelperThreadTest, IsStartedOnceWhoeverAsks) {
  std::vector<std::thread> askers;
  for (int i = 0; i < 8; ++i) askers.emplace_back([] { EXPECT_TRUE(StartHelperThread()); });
  for (std::thread& asker : askers) asker.join();
  fake_hot::WaitUntilHelperRuns(true);
  EXPECT_EQ(script->threads, 1);
  LetItEnd();
}

TEST_F(HelperThreadTest, GoesOnWhenSomethingIsPendingAtTheEnd) {
  script->pending = 3;
  ASSERT_TRUE(StartHelperThread());
  LetItEnd();
  EXPECT_EQ(script->serve_calls, 4);
  EXPECT_EQ(script->pending, 0);
}

// Hot code may have been told that there is no helper a moment before.
TEST_F(HelperThreadTest, GoesOnWhenAStarterComesAtTheEnd) {
  ASSERT_TRUE(StartHelperThread());
  fake_hot::WaitUntilHelperRuns(true);
  while (script->serve_calls == 0) std::this_thread::yield();
  EXPECT_TRUE(StartHelperThread());
  LetItEnd();
  EXPECT_EQ(script->threads, 1);
  EXPECT_EQ(script->serve_calls, 2);
}

TEST_F(HelperThreadTest, KeepsTheCallersSignalMask) {
  SignalMask before = 0;
  SignalMask after = 0;
  hot::RawSyscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &before, sizeof(before));
  ASSERT_TRUE(StartHelperThread());
  hot::RawSyscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &after, sizeof(after));
  EXPECT_EQ(after, before);
  LetItEnd();
}

TEST_F(HelperThreadTest, TakesTheDefaultStackWhereASmallOneIsRefused) {
  Configure([](pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
               void* argument) {
    pthread_attr_t defaults;
    size_t usual = 0;
    size_t asked = 0;
    pthread_attr_init(&defaults);
    pthread_attr_getstacksize(&defaults, &usual);
    pthread_attr_getstacksize(attributes, &asked);
    pthread_attr_destroy(&defaults);
    if (asked < usual) return EINVAL;
    return JoinableCreate(thread, attributes, body, argument);
  });
  ASSERT_TRUE(StartHelperThread());
  fake_hot::WaitUntilHelperRuns(true);
  EXPECT_EQ(script->threads, 1);
  LetItEnd();
}

TEST_F(HelperThreadTest, CanBeTriedAgainAfterAFailure) {
  errno = ECHILD;
  Configure([](pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) { return EAGAIN; });
  EXPECT_FALSE(StartHelperThread());
  EXPECT_FALSE(StartHelperThread());
  EXPECT_EQ(errno, ECHILD);
  Configure(JoinableCreate);
  EXPECT_TRUE(StartHelperThread());
  fake_hot::WaitUntilHelperRuns(true);
  LetItEnd();
}

}  // namespace
}  // namespace pprofagent::service
