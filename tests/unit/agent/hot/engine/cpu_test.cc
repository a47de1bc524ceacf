// SPDX-License-Identifier: Apache-2.0
//
// Totals only: they are exact whatever the kernel's tick. CPU time is measured
// on the thread's own clock, so that other load does not matter.
#include "agent/hot/engine/cpu.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <atomic>
#include <thread>

#include "agent/hot/engine/lifecycle.h"
#include "agent/hot/snapshot.h"

namespace pprofagent::hot {
namespace {

constexpr int kHz = 1000;
constexpr int64_t kMilli = 1'000'000;

class CpuEngine : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    InitializeHot(
        HotOptions{.heap_rate = 0, .stack_depth = 64, .agent_text_begin = 0, .agent_text_end = 0});
  }
};

int64_t ThreadCpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void Burn(int64_t nanoseconds) {
  const int64_t end = ThreadCpu() + nanoseconds;
  while (ThreadCpu() < end) {
  }
}

int64_t Recorded() {
  int64_t total = 0;
  VisitCpu([](void* sum, const CpuSample& s) { *static_cast<int64_t*>(sum) += s.nanoseconds; },
           &total);
  return total;
}

// What a session that `work` runs in adds to the profile.
template <typename Work>
int64_t RecordedDuring(const Work& work) {
  const int64_t before = Recorded();
  EXPECT_EQ(StartCpuEngine(kHz), CpuStart::kOk);
  work();
  StopCpuEngine();
  return Recorded() - before;
}

// The thread begins at a random point of its first period, and up to a tick of
// its end may not have been delivered.
constexpr int64_t kTolerance = 30 * kMilli;

TEST_F(CpuEngine, TheThreadThatStartsTheEngineIsSampled) {
  EXPECT_NEAR(RecordedDuring([] { Burn(200 * kMilli); }), 200 * kMilli, kTolerance);
}

TEST_F(CpuEngine, AThreadThatBlocksAllSignalsIsCounted) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  EXPECT_NEAR(RecordedDuring([] { Burn(200 * kMilli); }), 200 * kMilli, kTolerance);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(CpuEngine, NothingIsRecordedBetweenSessions) {
  RecordedDuring([] { Burn(20 * kMilli); });
  const int64_t before = Recorded();
  Burn(100 * kMilli);
  EXPECT_EQ(Recorded(), before);
}

TEST_F(CpuEngine, ThreadsThatEndWhileSessionsComeAndGoKeepTheirRecordsApart) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer does not survive a signal in a thread that is all but gone";
#endif
  std::atomic<bool> stop{false};
  std::thread sessions([&] {
    while (!stop) {
      StartCpuEngine(kHz);
      StopCpuEngine();
    }
  });
  for (int i = 0; i < 500; ++i) std::thread([] { Burn(kMilli / 10); }).join();
  stop = true;
  sessions.join();
  EXPECT_FALSE(CpuEngineRunning());
  EXPECT_NEAR(RecordedDuring([] { Burn(100 * kMilli); }), 100 * kMilli, kTolerance);
}

}  // namespace
}  // namespace pprofagent::hot
