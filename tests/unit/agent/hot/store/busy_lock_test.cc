// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/busy_lock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "agent/hot/rt/clock.h"
#include "agent/hot/store/lock_waiters.h"

namespace pprofagent::hot {
namespace {

TEST(BusyLockTest, EventsAreCountedBySpans) {
  SpanCount count{.span = 10, .events = 7};
  uint32_t before = 99;
  EXPECT_FALSE(count.Begin(10, &before));
  EXPECT_EQ(before, 99u);
  EXPECT_TRUE(count.Begin(11, &before));
  EXPECT_EQ(before, 7u);
  EXPECT_EQ(count.events, 0u);
  count.events = 5;
  EXPECT_TRUE(count.Begin(13, &before));
  EXPECT_EQ(before, 0u) << "the span before was empty";
}

TEST(BusyLockTest, OfMoreReleasesAndAmongMoreThreadsFewerAreCounted) {
  EXPECT_EQ(ShiftFor(kCountedASpan, 0), 0u);
  EXPECT_EQ(ShiftFor(4 * kCountedASpan, 0), 2u);
  EXPECT_GT(ShiftFor(1000, 1000), ShiftFor(1000, 0));
  EXPECT_GE(1000u >> ShiftFor(1000, 100'000), 1u);
  EXPECT_EQ(ShiftFor(UINT32_MAX, 0), kLargestShift);
}

TEST(BusyLockTest, IsCalmWhenThereIsLittleOrNothing) {
  EXPECT_TRUE(IsCalm({.span = 10, .events = kCalmEvents - 1}, 0, 11));
  EXPECT_FALSE(IsCalm({.span = 10, .events = 0}, 0, 10)) << "the span has only begun";
  EXPECT_FALSE(IsCalm({.span = 10, .events = kCalmEvents}, 0, 11));
  EXPECT_FALSE(IsCalm({.span = 10, .events = 0}, kCalmEvents, 11));
  EXPECT_TRUE(IsCalm({.span = 10, .events = 9999}, 9999, 10 + kCalmSpans));
  EXPECT_FALSE(IsCalm({.span = 10, .events = 0}, 0, 9)) << "a clock that is a little behind";
}

TEST(BusyLockTest, StepsWaited) {
  // Ends of steps at 1100, 1200, 1300.
  const auto waited = [](uint64_t since) { return StepsWaited(1000, 100, 3, since); };
  EXPECT_EQ(waited(5), 3u);
  EXPECT_EQ(waited(1100), 3u);
  EXPECT_EQ(waited(1101), 2u);
  EXPECT_EQ(waited(1200), 2u);
  EXPECT_EQ(waited(1300), 1u);
  EXPECT_EQ(waited(1301), 0u);
  EXPECT_EQ(waited(UINT64_MAX / 4), 0u);
  EXPECT_EQ(StepsWaited(1000, 100, 0, 5), 0u);
}

TEST(BusyLockTest, OneReleaseOfSoManyIsCounted) {
  for (uint32_t shift = 0; shift <= 12; ++shift) {
    // At a steady pace, as of a program that does nothing else.
    constexpr int kReleases = 1 << 20;
    int counted = 0;
    for (int i = 0; i < kReleases; ++i) {
      counted += IsCounted(123'456'789'012u + 1234u * static_cast<uint64_t>(i), shift) ? 1 : 0;
    }
    const double p = 1.0 / (1u << shift);
    EXPECT_NEAR(counted, kReleases * p, 6 * std::sqrt(kReleases * p) + 1) << shift;
  }
}

// Two holders in turn, of which one holds the lock twenty times longer and has more waiters,
// and one who sometimes holds it for many steps: by the first release after the end of each step
// every one is charged with what was waited for it.
TEST(BusyLockTest, LooksChargeEachHolderWithWhatWasWaitedForIt) {
  std::mt19937_64 random(3);
  struct Holder {
    uint64_t mean_ns;
    uint64_t waiters;
    double truth = 0;
    double charged = 0;
  };
  std::array<Holder, 3> holders{
      {{.mean_ns = 2'000, .waiters = 1}, {.mean_ns = 40'000, .waiters = 5}, {5'000'000, 3}}};
  constexpr uint64_t kStep = 100'000;
  uint64_t now = 1'000'000;
  uint64_t looked = now;
  int step_ends = 0;
  for (int turn = 0; turn < 400'000; ++turn) {
    Holder& holder = holders[turn % 500 == 499 ? 2 : static_cast<size_t>(turn % 2)];
    std::exponential_distribution<double> length(1.0 / static_cast<double>(holder.mean_ns));
    const auto held = static_cast<uint64_t>(length(random));
    // All of its waiters come when it has the lock, and leave when it gives it up.
    holder.truth += static_cast<double>(held * holder.waiters);
    const uint64_t since = now;
    now += held;
    const uint64_t steps = (now - looked) / kStep;
    if (steps == 0) continue;
    step_ends += static_cast<int>(steps);
    holder.charged +=
        static_cast<double>(holder.waiters * kStep * StepsWaited(looked, kStep, steps, since));
    looked += steps * kStep;
  }
  EXPECT_GT(step_ends, 50'000);
  // Of a holder that is met n times; the first is met some 4,000 times.
  EXPECT_NEAR(holders[0].charged / holders[0].truth, 1, 6 / std::sqrt(4'000));
  EXPECT_NEAR(holders[1].charged / holders[1].truth, 1, 6 / std::sqrt(50'000));
  EXPECT_NEAR(holders[2].charged / holders[2].truth, 1, 0.01);
}

// --- A lock that has become busy -------------------------------------------------

class BusyLockWaits : public testing::Test {
 protected:
  void SetUp() override {
    InitializeClock();
    InitializeQuickClock();
    ResetLockWaiters();
    random_.Seed(1);
    while (!IsBusyNow()) Leave(Join());
  }
  void TearDown() override { ResetLockWaiters(); }

  LockWait Join() {
    LockWait wait{};
    JoinLockWaiters(&lock_, &random_, &wait);
    return wait;
  }
  LockWaitEnd Leave(const LockWait& wait) { return LeaveLockWaiters(&lock_, wait); }
  bool IsBusyNow() const { return (LockWaitersOf(&lock_) & kHasBusyLock) != 0; }
  static void Sleep(long milliseconds) {
    const timespec span = {0, milliseconds * 1'000'000};
    nanosleep(&span, nullptr);
  }
  // A release with nobody, or somebody, seen waiting.
  void Look(bool anybody_waits, LockNote* note = nullptr) {
    BeginLook(&lock_, kLook | kCount);
    EndLook(&lock_, kLook | kCount, {.threads = 4, .anybody_waits = anybody_waits, .note = note});
  }

  Random random_;
  int lock_ = 0;
};

TEST_F(BusyLockWaits, WaitsAreNotPutDownForTheReleasers) {
  const LockWait wait = Join();
  EXPECT_FALSE(wait.is_counted);
  EXPECT_GT(wait.since_ns, 0u);
  EXPECT_EQ(LockWaitersOf(&lock_), kHasBusyLock);
  EXPECT_EQ(DutyOfRelease(&lock_) & kCharge, 0u);
}

TEST_F(BusyLockWaits, OneOfSoManyWaitsStandsForThem) {
  constexpr int kWaits = 80'000;
  int picked = 0;
  for (int i = 0; i < kWaits; ++i) {
    const LockWait wait = Join();
    if (wait.stands_for == 0) continue;
    EXPECT_EQ(wait.stands_for, kWaitsAPick);
    ++picked;
  }
  const double mean = double{kWaits} / kWaitsAPick;
  EXPECT_NEAR(picked, mean, 6 * std::sqrt(mean));
}

TEST_F(BusyLockWaits, ALongWaitStandsForItself) {
  for (const uint8_t stands_for : {uint8_t{0}, uint8_t{kWaitsAPick}}) {
    LockWait wait = Join();
    wait.stands_for = stands_for;
    Sleep(40);
    const LockWaitEnd end = Leave(wait);
    EXPECT_EQ(end.stands_for, 1u);
    EXPECT_GE(end.now_ns - wait.since_ns, 40'000'000u);
  }
}

TEST_F(BusyLockWaits, StepsAreChargedOnce) {
  const uint64_t before = MonotonicNanos();
  BeginLook(&lock_, kLook);
  const uint64_t begin = MonotonicNanos();
  Sleep(20);
  ASSERT_NE(DutyOfRelease(&lock_) & kLook, 0u);
  const uint64_t end = MonotonicNanos();
  const LockLook look = BeginLook(&lock_, kLook);
  const uint64_t after = MonotonicNanos();
  const uint64_t charged = look.steps * look.step_ns;
  EXPECT_GE(charged + look.step_ns, (end - begin) * 99 / 100);
  EXPECT_LE(charged, (after - before) * 101 / 100 + look.step_ns);
  EXPECT_LE(look.from_ns + charged, look.now_ns);
  EXPECT_EQ(BeginLook(&lock_, kCount).steps, 0u) << "not asked for";
  // What is left begins where that ended.
  const LockLook next = BeginLook(&lock_, kLook);
  EXPECT_LE(next.steps * next.step_ns, (MonotonicNanos() - end) * 101 / 100 + look.step_ns);
}

TEST_F(BusyLockWaits, AStepIsLongerAmongMoreThreads) {
  EndLook(&lock_, kLook, {.threads = 1000, .anybody_waits = true, .note = nullptr});
  Sleep(50);
  EXPECT_NEAR(static_cast<double>(BeginLook(&lock_, kLook).step_ns),
              static_cast<double>(kLookStepNs + 1000 * kLookStepNsAThread), 1000);
}

TEST_F(BusyLockWaits, AClockThatHasBeenSetBackBeginsAnew) {
  BusyLock& busy = BusyLockOf(&lock_);
  busy.looked.store(busy.looked.load() + CountsOfNanos(3'600'000'000'000));
  ASSERT_NE(DutyOfRelease(&lock_) & kLook, 0u);
  EXPECT_EQ(BeginLook(&lock_, kLook).steps, 0u);
  Sleep(5);
  EXPECT_GT(BeginLook(&lock_, kLook).steps, 0u);
}

TEST_F(BusyLockWaits, ANoteGoesToTheNextWaiterOfThatLock) {
  LockNote first{};
  LockNote second{};
  Look(true, &first);
  Look(true, &second);
  // Another lock of the slot.
  const auto* other =
      reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(&lock_) + (uintptr_t{1} << 25));
  ASSERT_EQ(&LockSlotOf(other), &LockSlotOf(&lock_));
  LockWait another{};
  JoinLockWaiters(other, &random_, &another);
  EXPECT_EQ(LeaveLockWaiters(other, another).notes, nullptr);
  const LockNote* notes = Leave(Join()).notes;
  EXPECT_EQ(notes, &second);
  EXPECT_EQ(notes->next, &first);
  EXPECT_EQ(first.next, nullptr);
  EXPECT_EQ(Leave(Join()).notes, nullptr);
}

TEST_F(BusyLockWaits, ANoteIsRefusedWhereTheLockIsBusyNoLonger) {
  ResetLockWaiters();
  LockNote note{};
  EXPECT_FALSE(EndLook(&lock_, kLook, {.threads = 4, .anybody_waits = true, .note = &note}));
  EXPECT_EQ(Leave(Join()).notes, nullptr);
}

TEST_F(BusyLockWaits, WhoWaitedBeforeIsNotInAnEntryAnyMore) {
  ResetLockWaiters();
  LockNote note{};
  const LockWait before = Join();
  ASSERT_TRUE(before.is_counted);
  ReleaseToWaiters(
      &lock_, [](void* context, const ReleaseCharge&) { return static_cast<LockNote*>(context); },
      &note);
  while (!IsBusyNow()) Leave(Join());
  EXPECT_EQ(LockWaitersOf(&lock_), kHasBusyLock);
  EXPECT_EQ(Leave(before).notes, nullptr) << "somebody else has left meanwhile and has it";
  EXPECT_EQ(LockWaitersOf(&lock_), kHasBusyLock);
}

TEST_F(BusyLockWaits, WhatWasWaitedBeforeIsChargedByTheFirstLook) {
  ResetLockWaiters();
  const LockWait before = Join();
  Sleep(20);
  while (!IsBusyNow()) Leave(Join());
  const LockLook look = BeginLook(&lock_, kLook);
  EXPECT_GE(look.step_ns * StepsWaited(look.from_ns, look.step_ns, look.steps, before.since_ns) +
                look.step_ns,
            look.now_ns - before.since_ns);
}

TEST_F(BusyLockWaits, IsCalmAgainWhenItIsLeftAloneAndNobodyWaits) {
  Sleep(100);
  Look(true);
  EXPECT_TRUE(IsBusyNow()) << "somebody waits, whom no entry knows";
  Sleep(100);
  Look(false);
  EXPECT_FALSE(IsBusyNow());
  const LockWait wait = Join();
  EXPECT_TRUE(wait.is_counted);
  Leave(wait);
  EXPECT_EQ(LockWaitersOf(&lock_), 0u);
}

TEST_F(BusyLockWaits, StaysBusyAsLongAsManyReleasesAreWaitedFor) {
  constexpr uint64_t kSpanNs = uint64_t{1} << kSpanBits;
  uint32_t most_releases = 1;
  for (int i = 0; i < 60; ++i) {
    while (!IsBusyNow()) Leave(Join());
    const uint64_t begin = MonotonicNanos();
    for (uint32_t j = 0; j <= 2 * kCalmEvents; ++j) Look(true);
    Sleep(2);
    Look(false);
    // Where this thread has been kept from running the lock was indeed left alone.
    if (MonotonicNanos() - begin < kSpanNs) {
      EXPECT_TRUE(IsBusyNow());
    }
    most_releases = std::max(most_releases, ReleasesACount(&lock_));
  }
  EXPECT_GT(most_releases, 1u) << "not all are counted";
}

}  // namespace
}  // namespace pprofagent::hot
