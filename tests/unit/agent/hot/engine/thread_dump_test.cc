// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "agent/hot/engine/lifecycle.h"
#include "agent/hot/engine/stack_signal.h"
#include "agent/hot/engine/task_files.h"
#include "agent/hot/rt/thread_state.h"
#include "agent/hot/snapshot.h"
#include "agent/hot/unwind/unwinder.h"

namespace pprofagent::hot {
namespace {

struct Seen {
  ThreadSample sample;
  std::vector<uintptr_t> pcs;

  bool IsIn(uintptr_t return_address) const {
    return std::find(pcs.begin(), pcs.end(), return_address - 1) != pcs.end();
  }
};

std::map<int32_t, Seen> DumpThreads() {
  std::map<int32_t, Seen> seen;
  EXPECT_TRUE(VisitThreads(
      ThreadFacts::kAll,
      [](void* context, const ThreadSample& sample) {
        auto& to = *static_cast<std::map<int32_t, Seen>*>(context);
        EXPECT_FALSE(to.contains(sample.tid)) << "one thread, told of twice";
        to[sample.tid] = {sample, {sample.stack.pcs, sample.stack.pcs + sample.stack.depth}};
      },
      &seen));
  return seen;
}

class ThreadDump : public testing::Test {
 protected:
  static void SetUpTestSuite() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer's interceptors stand between the test and libc";
#endif
    InitializeUnwinder(UnwinderBackend::kAuto);
    InitializeHot(
        HotOptions{.heap_rate = 0, .stack_depth = 64, .agent_text_begin = 0, .agent_text_end = 0});
  }
};

// A thread that runs `body` until it is told to stop; where body was called from.
class TestThread {
 public:
  template <typename Body>
  explicit TestThread(const Body& body)
      : thread_([this, body] {
          tid_ = CurrentThreadId();
          body(*this);
        }) {}
  ~TestThread() {
    stop = true;
    for (int i = 0; i < 8; ++i) sem_post(&end);
    thread_.join();
  }
  int32_t tid() const {
    while (tid_ == 0) std::this_thread::yield();
    return tid_;
  }
  void WaitUntilBlocked() const {
    const TaskFiles files;
    const TaskCallFile file(files, tid());
    while (file.Read().state != TaskCall::kBlocked) std::this_thread::yield();
  }

  sem_t end = [] {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    return semaphore;
  }();
  std::atomic<bool> stop{false};
  std::atomic<uintptr_t> caller{0};

 private:
  std::atomic<int32_t> tid_{0};
  std::thread thread_;
};

// Its frame hangs on the frame pointer, and at a place the prologue does not tell.
[[gnu::noinline]] void WaitInFrameOfVariableSize(TestThread& thread, size_t size) {
  auto* volatile array = static_cast<volatile char*>(__builtin_alloca(size));
  array[0] = 1;
  thread.caller = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  while (!thread.stop) sem_wait(&thread.end);
  array[1] = 2;
}

TEST_F(ThreadDump, UnwindsABlockedThreadThroughFramesOfVariableSize) {
  for (const size_t size : {2, 100, 5000, 30000}) {
    const TestThread thread([size](TestThread& self) {
      WaitInFrameOfVariableSize(self, size);
      asm volatile("");  // no tail call
    });
    thread.WaitUntilBlocked();
    const Seen seen = DumpThreads()[thread.tid()];
    EXPECT_EQ(seen.sample.state, ThreadActivity::kBlocked);
    EXPECT_EQ(seen.sample.syscall, SYS_futex);
    EXPECT_TRUE(seen.sample.complete) << size;
    EXPECT_TRUE(seen.IsIn(thread.caller)) << size;
  }
}

[[gnu::noinline]] void Spin(TestThread& thread) {
  thread.caller = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  while (!thread.stop) {
  }
  asm volatile("");
}

TEST_F(ThreadDump, AsksARunningThread) {
  const TestThread thread([](TestThread& self) {
    Spin(self);
    asm volatile("");
  });
  while (thread.caller == 0) std::this_thread::yield();
  const Seen seen = DumpThreads()[thread.tid()];
  EXPECT_EQ(seen.sample.state, ThreadActivity::kRunning);
  EXPECT_TRUE(seen.sample.complete);
  EXPECT_TRUE(seen.IsIn(thread.caller));
}

TEST_F(ThreadDump, LeavesARunningThreadThatBlocksTheSignalAlone) {
  const TestThread thread([](TestThread& self) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    Spin(self);
  });
  while (thread.caller == 0) std::this_thread::yield();
  const Seen seen = DumpThreads()[thread.tid()];
  EXPECT_EQ(seen.sample.state, ThreadActivity::kRunning);
  EXPECT_FALSE(seen.sample.complete);
  EXPECT_EQ(seen.pcs, std::vector<uintptr_t>{getauxval(AT_ENTRY)});
}

// As an interposer does. Leaves the record behind, as siglongjmp does, if it does
// not wait.
[[gnu::noinline]] void Park(const void* object, TestThread* waits) {
  ParkedCall& parked = CurrentRecord()->parked;
  const auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  parked.Begin(WaitKind::kMutex, reinterpret_cast<uintptr_t>(object), 1,
               reinterpret_cast<uintptr_t>(__builtin_return_address(0)), frame + 16,
               *reinterpret_cast<const uintptr_t*>(frame));
  if (waits == nullptr) return;
  while (!waits->stop) sem_wait(&waits->end);
  parked.End();
}

[[gnu::noinline]] void Block(TestThread& thread) {
  thread.caller = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  while (!thread.stop) sem_wait(&thread.end);
  asm volatile("");
}

TEST_F(ThreadDump, TellsWhatAParkedThreadHasLeft) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  const TestThread thread([&mutex](TestThread& self) {
    Park(&mutex, &self);
    ReleaseCurrentRecord();
  });
  thread.WaitUntilBlocked();
  const Seen seen = DumpThreads()[thread.tid()];
  EXPECT_EQ(seen.sample.wait, WaitKind::kMutex);
  EXPECT_EQ(seen.sample.object, reinterpret_cast<uintptr_t>(&mutex));
  EXPECT_EQ(seen.sample.owner, CurrentThreadId());
  EXPECT_GT(seen.sample.waited_ns, 0);
  pthread_mutex_unlock(&mutex);
}

TEST_F(ThreadDump, DoesNotBelieveARecordThatWasLeftBehind) {
  for (void (*then)(TestThread&) : {Spin, Block}) {
    const TestThread thread([then](TestThread& self) {
      Park(&self, nullptr);
      then(self);
      ReleaseCurrentRecord();
    });
    while (thread.caller == 0) std::this_thread::yield();
    if (then == Block) thread.WaitUntilBlocked();
    const Seen seen = DumpThreads()[thread.tid()];
    EXPECT_EQ(seen.sample.state,
              then == Block ? ThreadActivity::kBlocked : ThreadActivity::kRunning);
    EXPECT_EQ(seen.sample.wait, WaitKind::kNone);
    EXPECT_TRUE(seen.sample.complete);
    EXPECT_TRUE(seen.IsIn(thread.caller));
  }
}

TEST_F(ThreadDump, TellsOfMoreRunningThreadsThanThereAreSlots) {
  constexpr int kThreads = 40;
  std::vector<std::unique_ptr<TestThread>> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.push_back(std::make_unique<TestThread>([](TestThread& self) {
      self.caller = 1;
      // Ready to run nearly always, and still fit for a machine with one core.
      while (!self.stop) std::this_thread::yield();
    }));
  }
  for (const auto& thread : threads) {
    while (thread->caller == 0) std::this_thread::yield();
  }
  const std::map<int32_t, Seen> seen = DumpThreads();
  for (const auto& thread : threads) EXPECT_TRUE(seen.contains(thread->tid()));
}

// A thread that ends, and one that is made, at any moment of a dump.
TEST_F(ThreadDump, BearsThreadsThatComeAndGo) {
  std::atomic<bool> stop{false};
  std::thread maker([&stop] {
    while (!stop) std::thread([] {}).join();
  });
  for (int i = 0; i < 200; ++i) DumpThreads();
  stop = true;
  maker.join();
}

}  // namespace
}  // namespace pprofagent::hot
