// SPDX-License-Identifier: Apache-2.0
//
// The hooks Wait and Release without interposers: who is recorded, and when
// nobody is. What the figures are is tested with real processes
// (tests/integration/contention_test.py).
#include "agent/hot/engine/contention.h"

#include <gtest/gtest.h>

#include "agent/hot/engine/lifecycle.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/snapshot.h"

namespace pprofagent::hot {
namespace {

class ContentionEngine : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    InitializeHot(
        HotOptions{.heap_rate = 0, .stack_depth = 64, .agent_text_begin = 0, .agent_text_end = 0});
  }
  void SetUp() override {
    SetMutexSamplingFraction(1);
    SetBlockSamplingRate(1);
    ResetContentionInChild();
  }
  void TearDown() override {
    SetMutexSamplingFraction(0);
    SetBlockSamplingRate(0);
  }

  // A caller that is told apart by its program counter; its stack cannot be
  // walked.
  static Registers Caller(uintptr_t pc) { return Registers{.pc = pc, .sp = 0, .bp = 0}; }

  struct Sum {
    uintptr_t pc;
    int64_t contentions = 0;
    int64_t delay_ns = 0;
  };
  static void AddUp(void* context, const ContentionSample& sample) {
    auto* sum = static_cast<Sum*>(context);
    if (sample.stack.pcs[0] != sum->pc - 1) return;
    sum->contentions += sample.contentions;
    sum->delay_ns += sample.delay_ns;
  }
  static Sum Blocked(uintptr_t pc) {
    Sum sum{.pc = pc};
    VisitBlock(AddUp, &sum);
    return sum;
  }
  static Sum Charged(uintptr_t pc) {
    Sum sum{.pc = pc};
    VisitMutex(AddUp, &sum);
    return sum;
  }

  int lock_ = 0;
};

TEST_F(ContentionEngine, BothSidesAndTheirPairAreRecorded) {
  Wait wait(WaitKind::kMutex, &lock_, Caller(0x1001));
  ASSERT_EQ(DutyOfRelease(&lock_), kCharge);
  Release release(&lock_, kCharge);
  release.End(Caller(0x2001), true);
  wait.End(true);
  EXPECT_EQ(DutyOfRelease(&lock_), kNoDuty);
  EXPECT_EQ(Blocked(0x1001).contentions, 1);
  EXPECT_EQ(Charged(0x2001).contentions, 1);
  EXPECT_GT(Charged(0x2001).delay_ns, 0);
  EXPECT_LE(Charged(0x2001).delay_ns, Blocked(0x1001).delay_ns);
  int pairs = 0;
  VisitContention(
      [](void* context, const ContentionPairSample& pair) {
        if (pair.waiter.pcs[0] == 0x1000 && pair.holder.pcs[0] == 0x2000) {
          ++*static_cast<int*>(context);
        }
      },
      &pairs);
  EXPECT_EQ(pairs, 1);
}

// The looks find who waits in the threads' parked records.
TEST_F(ContentionEngine, AReleaseOfABusyLockIsChargedWithTheStepsThatWereWaited) {
  for (;;) {
    Wait wait(WaitKind::kMutex, &lock_, Caller(0x8001));
    wait.End(true);
    if ((LockWaitersOf(&lock_) & kHasBusyLock) != 0) break;
  }
  const uint64_t before = MonotonicNanos();
  Wait wait(WaitKind::kMutex, &lock_, Caller(0x8101));
  const uint64_t begin = MonotonicNanos();
  const timespec span = {0, 20'000'000};
  nanosleep(&span, nullptr);
  ASSERT_NE(DutyOfRelease(&lock_) & kLook, 0u);
  const uint64_t end = MonotonicNanos();
  Release release(&lock_, kLook);
  const uint64_t after = MonotonicNanos();
  release.End(Caller(0x8201), true);
  const auto step = static_cast<int64_t>(kLookStepNs + 100 * kLookStepNsAThread);
  EXPECT_GE(Charged(0x8201).delay_ns, static_cast<int64_t>(end - begin) - step);
  EXPECT_LE(Charged(0x8201).delay_ns, static_cast<int64_t>(after - before) + step);
  EXPECT_EQ(Charged(0x8201).contentions, 1) << "the lock was held for long";

  const auto releases = static_cast<int64_t>(ReleasesACount(&lock_));
  Release counted(&lock_, kCount);
  counted.End(Caller(0x8301), true);
  EXPECT_EQ(Charged(0x8301).contentions, releases);
  EXPECT_EQ(Charged(0x8301).delay_ns, 0);
  wait.End(true);
  EXPECT_EQ(Blocked(0x8101).contentions, 1) << "a long wait stands for itself";

  Release unwaited(&lock_, kLook | kCount);
  unwaited.End(Caller(0x8401), true);
  EXPECT_EQ(Charged(0x8401).contentions, 0);
  EXPECT_EQ(Charged(0x8401).delay_ns, 0);
}

TEST_F(ContentionEngine, AWaitIsParkedWhileItLasts) {
  Wait wait(WaitKind::kMutex, &lock_, Caller(0x3001));
  const ParkedCall& parked = t_state.record->parked;
  EXPECT_TRUE(ParkedCall::IsParked(parked.sequence));
  EXPECT_EQ(parked.object, reinterpret_cast<uintptr_t>(&lock_));
  wait.End(true);
  EXPECT_FALSE(ParkedCall::IsParked(parked.sequence));
}

TEST_F(ContentionEngine, ARefusalIsNoWait) {
  Wait wait(WaitKind::kMutex, &lock_, Caller(0x4001));
  wait.End(false);
  EXPECT_EQ(Blocked(0x4001).contentions, 0);
}

TEST_F(ContentionEngine, AReleaseThatWasRefusedIsNone) {
  Wait wait(WaitKind::kMutex, &lock_, Caller(0x5001));
  Release release(&lock_, kCharge);
  release.End(Caller(0x5101), false);
  wait.End(true);
  EXPECT_EQ(Charged(0x5101).contentions, 0);
}

TEST_F(ContentionEngine, NothingIsRecordedUnderAGuardOrInASandbox) {
  {
    const Guard guard;
    Wait wait(WaitKind::kMutex, &lock_, Caller(0x6001));
    wait.End(true);
  }
  Wait wait(WaitKind::kJoin, &lock_, Caller(0x6001));
  ASSERT_TRUE(SandboxBegins());
  wait.End(true);
  Wait inside(WaitKind::kJoin, &lock_, Caller(0x6001));
  inside.End(true);
  SandboxFailed();
  EXPECT_EQ(Blocked(0x6001).contentions, 0);
}

TEST_F(ContentionEngine, IsWatchedAsLongAsOneOfTheTwoIsOn) {
  EXPECT_TRUE(WatchingWaits());
  SetMutexSamplingFraction(0);
  EXPECT_TRUE(WatchingWaits());
  Wait wait(WaitKind::kMutex, &lock_, Caller(0x7001));
  EXPECT_EQ(DutyOfRelease(&lock_), kNoDuty) << "nobody would be charged";
  wait.End(true);
  EXPECT_EQ(Blocked(0x7001).contentions, 1);
  SetBlockSamplingRate(-5);
  EXPECT_EQ(BlockSamplingRate(), 0);
  EXPECT_FALSE(WatchingWaits());
  SetMutexSamplingFraction(3);
  EXPECT_TRUE(WatchingWaits());
  EXPECT_EQ(MutexSamplingFraction(), 3);
}

TEST_F(ContentionEngine, SleepAndIoAreWatchedWithTheBlockProfileOnly) {
  EXPECT_FALSE(WatchingIo());
  SetBlockSamplingOfIo(true);
  EXPECT_TRUE(WatchingIo());
  SetBlockSamplingRate(0);
  EXPECT_FALSE(WatchingIo());
  SetBlockSamplingOfIo(false);
}

}  // namespace
}  // namespace pprofagent::hot
