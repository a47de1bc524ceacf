// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/clock.h"

#include <gtest/gtest.h>

namespace pprofagent::hot {
namespace {

uint64_t Libc() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

// Between two readings of libc's clock, with the vDSO and without.
TEST(MonotonicNanos, IsTheMonotonicClock) {
  for (const bool by_vdso : {false, true}) {
    if (by_vdso) InitializeClock();
    const uint64_t before = Libc();
    const uint64_t now = MonotonicNanos();
    EXPECT_LE(before, now);
    EXPECT_LE(now, Libc());
  }
  EXPECT_NE(g_vdso_clock, nullptr) << "every kernel of x86-64 has it";
}

TEST(CoarseNanos, IsTheSameClockBehindByATickAtMost) {
  InitializeClock();
  timespec tick{};
  ASSERT_EQ(clock_getres(CLOCK_MONOTONIC_COARSE, &tick), 0);
  const uint64_t before = MonotonicNanos();
  const uint64_t coarse = CoarseNanos();
  EXPECT_LE(coarse, MonotonicNanos());
  // A processor that is kept from its ticks may be late with them.
  EXPECT_GE(coarse + 10 * static_cast<uint64_t>(tick.tv_nsec), before);
}

}  // namespace
}  // namespace pprofagent::hot
