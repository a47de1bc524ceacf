// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/busy_lock.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "agent/hot/rt/clock.h"
#include "agent/hot/store/lock_waiters.h"

namespace pprofagent::hot {
namespace {

TEST(BusyLockTest, OfEachGroupOfTicksOneIsPicked) {
  for (uint32_t shift = 0; shift <= kLargestShift; ++shift) {
    const uint32_t size = 1u << shift;
    std::vector<int> places(size);
    for (uint32_t group = 0; group < 6400; ++group) {
      int picked = 0;
      for (uint32_t place = 0; place < size; ++place) {
        if (!IsPicked(group * size + place, shift, 7)) continue;
        ++picked;
        ++places[place];
      }
      EXPECT_EQ(picked, 1);
    }
    // Anywhere in the group: six standard deviations of a binomial distribution.
    const double mean = 6400.0 / size;
    for (const int times : places) EXPECT_NEAR(times, mean, 6 * std::sqrt(mean) + 1);
  }
}

TEST(BusyLockTest, LocksHaveTicksOfTheirOwn) {
  int both = 0;
  for (uint32_t tick = 0; tick < 16000; ++tick)
    both += IsPicked(tick, 4, 1) && IsPicked(tick, 4, 2);
  EXPECT_NEAR(both, 16000 / 256, 6 * std::sqrt(16000.0 / 256));
}

TEST(BusyLockTest, APlanTakesEffectAfterItsTick) {
  const ShiftPlan plan = ShiftPlan::Unpack(ShiftPlan{0xfffffffe, 1, 3}.Pack());
  EXPECT_EQ(plan.At(0xfffffffd), 1u);
  EXPECT_EQ(plan.At(0xfffffffe), 1u);
  EXPECT_EQ(plan.At(0xffffffff), 3u);
  EXPECT_EQ(plan.At(5), 3u) << "the number of the tick begins anew now and then";
}

TEST(BusyLockTest, MoreWaitsMakeItBusier) {
  EXPECT_EQ(ShiftFor(kWaitsATick), 0u);
  EXPECT_EQ(ShiftFor(kWaitsATick + 1), 1u);
  EXPECT_EQ(ShiftFor(10 * kWaitsATick), 4u);
  EXPECT_EQ(ShiftFor(1000 * kWaitsATick), kLargestShift);
}

TEST(BusyLockTest, WhatIsCountedStandsForAllOnAverage) {
  // Load that comes and goes, in steps and at random, over the same ticks many times with other
  // seeds: what is counted for 2^n each is on average what there was.
  std::mt19937 random(1);
  std::vector<uint32_t> waits(20'000);
  for (size_t tick = 0; tick < waits.size(); ++tick) {
    const uint32_t load = tick / 500 % 4 == 0 ? 0 : 40u << (tick / 500 % 4);
    waits[tick] = load == 0 ? 0 : std::poisson_distribution<uint32_t>(load)(random);
  }
  double truth = 0;
  for (const uint32_t count : waits) truth += count;
  constexpr int kRuns = 200;
  double sum = 0;
  double squares = 0;
  double all_seen = 0;
  for (int run = 0; run < kRuns; ++run) {
    WaitCount count{};
    ShiftPlan plan{};
    double counted = 0;
    for (uint32_t tick = 1; tick < waits.size(); ++tick) {
      for (uint32_t i = 0; i < waits[tick]; ++i) {
        const uint32_t shift = plan.At(tick);
        if (!IsPicked(tick, shift, static_cast<uint64_t>(run))) continue;
        counted += 1u << shift;
        ++all_seen;
        CountWait(tick, &count, &plan);
      }
    }
    sum += counted;
    squares += counted * counted;
  }
  const double mean = sum / kRuns;
  const double deviation = std::sqrt((squares / kRuns - mean * mean) / kRuns);
  EXPECT_NEAR(mean, truth, 6 * deviation + 0.01 * truth);
  EXPECT_LT(deviation, 0.01 * truth) << "or the line above says nothing";
  EXPECT_LT(all_seen / kRuns, truth / 4) << "most are passed over";
}

TEST(BusyLockTest, CalmsDownWhenNothingIsCountedAnyMore) {
  WaitCount count{.tick = 1000, .waits = 500};
  ShiftPlan plan{.last_tick = 900, .before = 0, .after = 4};
  EXPECT_FALSE(CalmDown(998, count, &plan)) << "a clock that is a little behind";
  EXPECT_FALSE(CalmDown(1256, count, &plan));
  EXPECT_TRUE(CalmDown(1257, count, &plan));
  EXPECT_EQ(plan.At(1257), 4u);
  EXPECT_EQ(plan.At(1258), 0u);
}

// --- A lock that has become busy -------------------------------------------------

class BusyLockWaits : public testing::Test {
 protected:
  void SetUp() override {
    InitializeClock();
    ResetLockWaiters();
    while (!IsBusyNow()) Leave(Join());
  }
  void TearDown() override { ResetLockWaiters(); }

  LockWait Join() {
    LockWait wait{};
    JoinLockWaiters(&lock_, &wait);
    return wait;
  }
  LockWaitEnd Leave(const LockWait& wait) { return LeaveLockWaiters(&lock_, wait); }
  bool IsBusyNow() const { return (LockSlotOf(&lock_).waiters.load() & kHasBusyLock) != 0; }
  // One that is passed over, or counted: the ticks decide.
  LockWait JoinAs(bool passed_over) {
    for (;;) {
      const LockWait wait = Join();
      if (wait.passed_over == passed_over && (passed_over || wait.weight > 1)) return wait;
      Leave(wait);
    }
  }

  struct Charged {
    ReleaseCharge charge{};
    int times = 0;
    LockNote* note = nullptr;
  };
  static LockNote* Take(void* context, const ReleaseCharge& charge) {
    auto* charged = static_cast<Charged*>(context);
    charged->charge = charge;
    ++charged->times;
    return charged->note;
  }

  int lock_ = 0;
};

TEST_F(BusyLockWaits, OthersStandForOneThatIsPassedOver) {
  const LockWait wait = JoinAs(true);
  EXPECT_EQ(wait.weight, 0u);
  EXPECT_GT(wait.since_ns, 0u);
  Charged charged;
  ReleaseToWaiters(&lock_, Take, &charged);
  EXPECT_EQ(charged.times, 0);
  EXPECT_EQ(LockSlotOf(&lock_).waiters.load(), kHasBusyLock);
}

TEST_F(BusyLockWaits, OneThatIsCountedStandsForOthers) {
  const LockWait wait = JoinAs(false);
  Charged charged;
  ReleaseToWaiters(&lock_, Take, &charged);
  EXPECT_EQ(charged.times, 1);
  EXPECT_EQ(charged.charge.stands_for, wait.weight);
  EXPECT_EQ(charged.charge.waited_ns, wait.weight * (charged.charge.now_ns - wait.since_ns));
}

TEST_F(BusyLockWaits, ALongWaitStandsForItself) {
  for (const bool passed_over : {true, false}) {
    const LockWait wait = JoinAs(passed_over);
    const timespec span = {0, static_cast<long>(4 * g_clock_tick_ns)};
    nanosleep(&span, nullptr);
    const LockWaitEnd end = Leave(wait);
    EXPECT_EQ(end.stands_for, 1u);
    EXPECT_GE(end.now_ns - wait.since_ns, 4 * g_clock_tick_ns);
  }
}

TEST_F(BusyLockWaits, ALongHoldIsNoticedAndItsNoteGoesToTheNextWaiter) {
  const LockWait wait = JoinAs(true);
  uint64_t since = 0;
  DutyOfRelease(&lock_, &since);
  const uint64_t begin = MonotonicNanos();
  const timespec span = {0, static_cast<long>(10 * g_clock_tick_ns)};
  nanosleep(&span, nullptr);
  ASSERT_EQ(DutyOfRelease(&lock_, &since), ReleaseDuty::kLongCharge);
  const uint64_t now = MonotonicNanos();
  EXPECT_LE(since, begin + g_clock_tick_ns);
  EXPECT_GE(since + 2 * g_clock_tick_ns, begin);
  LockNote note{};
  Charged charged;
  charged.note = &note;
  ReleaseAfterLongHold(&lock_, 12345, now, Take, &charged);
  EXPECT_EQ(charged.charge.waited_ns, 12345u);
  EXPECT_EQ(charged.charge.stands_for, 1u);
  EXPECT_EQ(Leave(wait).notes, &note);
  EXPECT_NE(DutyOfRelease(&lock_, &since), ReleaseDuty::kLongCharge) << "it is over";
}

TEST_F(BusyLockWaits, ALongHoldThatNobodyWaitedForIsChargedToNobody) {
  Charged charged;
  ReleaseAfterLongHold(&lock_, 0, MonotonicNanos(), Take, &charged);
  EXPECT_EQ(charged.times, 0);
}

TEST_F(BusyLockWaits, ALockThatIsLeftAloneIsBusyNoLonger) {
  uint64_t since = 0;
  while (IsBusyNow()) DutyOfRelease(&lock_, &since);
  EXPECT_FALSE(MayHaveWaiters(&lock_));
  const LockWait wait = Join();
  EXPECT_EQ(wait.weight, 1u);
  Leave(wait);
}

TEST_F(BusyLockWaits, StaysBusyUntilThoseHaveLeftThatCountMore) {
  const LockWait wait = JoinAs(false);
  uint64_t since = 0;
  const timespec span = {0, 300'000'000};
  nanosleep(&span, nullptr);
  // Nothing was counted for longer than any group of ticks lasts.
  EXPECT_EQ(DutyOfRelease(&lock_, &since), ReleaseDuty::kLongCharge);
  EXPECT_TRUE(IsBusyNow());
  Leave(wait);
  while (IsBusyNow()) DutyOfRelease(&lock_, &since);
  EXPECT_FALSE(MayHaveWaiters(&lock_));
}

}  // namespace
}  // namespace pprofagent::hot
