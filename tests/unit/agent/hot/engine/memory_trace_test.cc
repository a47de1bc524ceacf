// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/memory_trace.h"

#include <gtest/gtest.h>

#include "agent/hot/rt/clock.h"
#include "agent/hot/store/heap_buckets.h"

namespace pprofagent::hot {
namespace {

constexpr uint64_t kMebi = uint64_t{1} << 20;
constexpr uint64_t kOne = uint64_t{1} << kObjectFractionBits;

void Allocate(uint64_t bytes) { TraceAllocated(kOne, bytes); }
void Free(uint64_t bytes) { TraceFreed(kOne, bytes); }

// No cycle ends so soon after the one before.
void LetTheShortestPass() {
  const uint64_t begin_ns = MonotonicNanos();
  while (MonotonicNanos() - begin_ns < 11'000'000) {
  }
}

// The trace is one of the process: the steps build on each other.
TEST(MemoryTrace, CyclesOfAProgram) {
  MemoryCycle cycle;
  Allocate(100 * kMebi);
  EXPECT_FALSE(EndCycle(false)) << "not on";
  StartMemoryTrace();
  EXPECT_FALSE(TakeEndedCycle(&cycle));

  // Allocated and freed: the cycle ends at its lowest point.
  LetTheShortestPass();
  Allocate(16 * kMebi);
  EXPECT_FALSE(TakeEndedCycle(&cycle));
  Free(16 * kMebi);
  ASSERT_TRUE(TakeEndedCycle(&cycle));
  EXPECT_EQ(cycle.number, 1u);
  EXPECT_EQ(cycle.live_before, 0);
  EXPECT_EQ(cycle.live_peak, static_cast<int64_t>(16 * kMebi));
  EXPECT_EQ(cycle.live_after, 0);
  EXPECT_EQ(cycle.allocated_bytes, static_cast<int64_t>(16 * kMebi));
  EXPECT_EQ(cycle.allocated_objects, 1);
  EXPECT_EQ(cycle.freed_objects, 1);
  EXPECT_EQ(cycle.goal_bytes, static_cast<int64_t>(4 * kMebi));
  EXPECT_GE(cycle.end_ns - cycle.begin_ns, 10'000'000);
  EXPECT_FALSE(cycle.forced);
  EXPECT_FALSE(TakeEndedCycle(&cycle)) << "taken";

  // Too soon: it goes on.
  Allocate(8 * kMebi);
  Free(8 * kMebi);
  EXPECT_FALSE(TakeEndedCycle(&cycle));

  // A program that grows: the block that comes belongs to the next cycle.
  LetTheShortestPass();
  Allocate(32 * kMebi);
  ASSERT_TRUE(TakeEndedCycle(&cycle));
  EXPECT_EQ(cycle.number, 2u);
  EXPECT_EQ(cycle.live_after, 0);
  EXPECT_EQ(cycle.allocated_bytes, static_cast<int64_t>(8 * kMebi));
  LetTheShortestPass();
  Allocate(kMebi);
  ASSERT_TRUE(TakeEndedCycle(&cycle));
  EXPECT_EQ(cycle.live_after, static_cast<int64_t>(32 * kMebi));
  EXPECT_EQ(cycle.goal_bytes, cycle.live_after) << "as much again";

  // Below the goal only what is asked for ends a cycle; one that nobody has taken
  // keeps its place.
  LetTheShortestPass();
  Free(kMebi);
  EXPECT_FALSE(TakeEndedCycle(&cycle));
  EXPECT_TRUE(EndCycle(true));
  EXPECT_FALSE(EndCycle(false));
  ASSERT_TRUE(TakeEndedCycle(&cycle));
  EXPECT_EQ(cycle.number, 4u);
  EXPECT_TRUE(cycle.forced);

  EndCycle(false);
  ResetMemoryTraceInChild();
  EXPECT_FALSE(TakeEndedCycle(&cycle)) << "the parent's";
}

}  // namespace
}  // namespace pprofagent::hot
