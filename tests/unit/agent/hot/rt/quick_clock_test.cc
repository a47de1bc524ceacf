// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/quick_clock.h"

#include <gtest/gtest.h>

namespace pprofagent::hot {
namespace {

class QuickClockTest : public testing::Test {
 protected:
  void SetUp() override {
    InitializeClock();
    BeginAnew();
  }
  void TearDown() override { BeginAnew(); }

  static void BeginAnew() {
    g_quick_clock.is_counter.store(false);
    g_quick_clock.ns_a_count.store(uint64_t{1} << 32);
    g_quick_clock.counts_a_ns.store(uint64_t{1} << 32);
    InitializeQuickClock();
  }
  static void Sleep(long milliseconds) {
    const timespec span = {0, milliseconds * 1'000'000};
    nanosleep(&span, nullptr);
  }
};

// Whatever it counts: the kernel may tell the time by something else on this machine.
TEST_F(QuickClockTest, MeasuresWhatTheMonotonicClockDoes) {
  for (const bool is_scaled : {false, true}) {
    if (is_scaled) {
      Sleep(2);
      ScaleQuickClock();
      EXPECT_EQ(g_quick_clock.is_counter.load(), g_quick_clock.is_usable);
    }
    // Two readings cannot be made at the same moment: the quicker one lies within the other.
    const uint64_t outer = MonotonicNanos();
    const uint64_t begin = QuickCounts();
    const uint64_t inner = MonotonicNanos();
    Sleep(20);
    const uint64_t inner_end = MonotonicNanos();
    const uint64_t end = QuickCounts();
    const uint64_t outer_end = MonotonicNanos();
    const uint64_t ns = NanosOfCounts(end - begin);
    EXPECT_GE(ns, (inner_end - inner) * 99 / 100);
    EXPECT_LE(ns, (outer_end - outer) * 101 / 100);
    EXPECT_NEAR(static_cast<double>(CountsOfNanos(ns)), static_cast<double>(end - begin),
                0.001 * static_cast<double>(end - begin));
  }
}

TEST_F(QuickClockTest, IsMeasuredOverYears) {
  g_quick_clock.is_usable = true;
  // As if it had begun three years ago, at 3 GHz.
  constexpr uint64_t kNs = 94'608'000'000'000'000;
  g_quick_clock.begin_ns -= kNs;
  g_quick_clock.begin_counts -= 3 * kNs;
  ScaleQuickClock();
  EXPECT_NEAR(static_cast<double>(NanosOfCounts(3'000'000'000)), 1e9, 1e4);
  EXPECT_NEAR(static_cast<double>(CountsOfNanos(1'000'000'000)), 3e9, 3e4);
}

TEST_F(QuickClockTest, CountsNanosecondsWhereTheCounterCannotBeUsed) {
  g_quick_clock.is_usable = false;
  Sleep(2);
  ScaleQuickClock();
  EXPECT_FALSE(g_quick_clock.is_counter.load());
  const uint64_t before = MonotonicNanos();
  const uint64_t counts = QuickCounts();
  EXPECT_LE(before, counts);
  EXPECT_LE(counts, MonotonicNanos());
  EXPECT_EQ(NanosOfCounts(12345), 12345u);
  EXPECT_EQ(CountsOfNanos(12345), 12345u);
}

}  // namespace
}  // namespace pprofagent::hot
