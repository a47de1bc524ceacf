// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/task_files.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {
namespace {

TEST(ParseTaskCall, ReadsTheKernelsThreeForms) {
  TaskCall call;
  ASSERT_TRUE(ParseTaskCall("running\n", &call));
  EXPECT_EQ(call.state, TaskCall::kRunning);
  ASSERT_TRUE(ParseTaskCall("35 0x7ffd 0x0 0x2 0x3 0x4 0xff 0x7ffe5b0 0x7f12ab\n", &call));
  EXPECT_EQ(call.state, TaskCall::kBlocked);
  EXPECT_EQ(call.number, 35);
  EXPECT_EQ(call.arguments[0], 0x7ffdu);
  EXPECT_EQ(call.arguments[5], 0xffu);
  EXPECT_EQ(call.sp, 0x7ffe5b0u);
  EXPECT_EQ(call.pc, 0x7f12abu);
  ASSERT_TRUE(ParseTaskCall("-1 0x7ffe5b0 0x7f12ab\n", &call));
  EXPECT_EQ(call.state, TaskCall::kBlocked);
  EXPECT_EQ(call.number, -1);
  ASSERT_TRUE(ParseTaskCall("-1 0x0 0x0\n", &call));
  EXPECT_EQ(call.state, TaskCall::kEnded);
}

TEST(ParseTaskCall, RefusesAnythingElse) {
  TaskCall call;
  for (const char* text : {"", "\n", "35", "35 0x1 0x2", "x", "-", "35 0x1 0x2 0x3 0x4 0x5 0x6 0x7",
                           "35 1 2 3 4 5 6 7 g"}) {
    EXPECT_FALSE(ParseTaskCall(text, &call)) << text;
  }
}

class PausedThread {
 public:
  PausedThread() {
    thread_ = std::thread([this] {
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, SIGUSR2);
      pthread_sigmask(SIG_BLOCK, &set, nullptr);
      pthread_setname_np(pthread_self(), "some name");
      tid_ = CurrentThreadId();
      char byte;
      [[maybe_unused]] const ssize_t got = read(ends_[0], &byte, 1);
    });
  }
  ~PausedThread() {
    [[maybe_unused]] const ssize_t put = write(ends_[1], "x", 1);
    thread_.join();
  }
  // Once it is in its call.
  TaskCall WaitUntilBlocked(const TaskFiles& files) const {
    while (tid_ == 0) std::this_thread::yield();
    const TaskCallFile file(files, tid_);
    TaskCall call = file.Read();
    while (call.state != TaskCall::kBlocked || call.number != SYS_read) call = file.Read();
    return call;
  }
  int32_t tid() const { return tid_; }

 private:
  int ends_[2] = {};
  int made_ = pipe(ends_);
  std::atomic<int32_t> tid_{0};
  std::thread thread_;
};

TEST(TaskFiles, TellWhereAThreadIsBlocked) {
  const TaskFiles files;
  ASSERT_TRUE(files.valid());
  const PausedThread thread;
  const TaskCall call = thread.WaitUntilBlocked(files);
  EXPECT_EQ(call.arguments[2], 1u);
  EXPECT_NE(call.sp, 0u);
  const TaskCallFile file(files, thread.tid());
  EXPECT_TRUE(file.Read() == call);
}

TEST(TaskFiles, TellNameAndMask) {
  const TaskFiles files;
  const PausedThread thread;
  thread.WaitUntilBlocked(files);
  char name[kThreadNameBytes];
  files.ReadName(thread.tid(), name);
  EXPECT_STREQ(name, "some name");
  EXPECT_TRUE(files.Blocks(thread.tid(), SIGUSR2));
  EXPECT_FALSE(files.Blocks(thread.tid(), SIGUSR1));
}

TEST(TaskFiles, OfAThreadThatIsGoneTellNothing) {
  const TaskFiles files;
  constexpr int32_t kNobody = 0x7ffffff0;
  char name[kThreadNameBytes] = "x";
  files.ReadName(kNobody, name);
  EXPECT_STREQ(name, "");
  EXPECT_TRUE(files.Blocks(kNobody, SIGUSR1)) << "in doubt no signal is sent";
  EXPECT_EQ(files.ReadLastRan(kNobody), 0u);
  EXPECT_EQ(TaskCallFile(files, kNobody).Read().state, TaskCall::kUnknown);
}

}  // namespace
}  // namespace pprofagent::hot
