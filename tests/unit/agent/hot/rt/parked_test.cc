// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/parked.h"

#include <gtest/gtest.h>

#include <thread>

namespace pprofagent::hot {
namespace {

TEST(ParkedCall, IsParkedBetweenBeginAndEnd) {
  ParkedCall call{};
  EXPECT_FALSE(ParkedCall::IsParked(call.sequence));
  call.Begin(WaitKind::kMutex, 0x1000, 7, 1, 2, 3);
  EXPECT_TRUE(ParkedCall::IsParked(call.sequence));
  EXPECT_EQ(call.kind, WaitKind::kMutex);
  EXPECT_EQ(call.object, 0x1000u);
  call.End();
  EXPECT_FALSE(ParkedCall::IsParked(call.sequence));
}

TEST(ParkedCall, EveryWaitHasItsOwnNumber) {
  ParkedCall call{};
  call.Begin(WaitKind::kMutex, 1, 1, 1, 1, 1);
  const uint32_t first = call.sequence;
  call.End();
  call.Begin(WaitKind::kMutex, 1, 1, 1, 1, 1);
  EXPECT_NE(call.sequence, first);
}

TEST(ParkedCall, AWaitInsideAWaitTakesOverAndLeavesNone) {
  ParkedCall call{};
  call.Begin(WaitKind::kCondition, 1, 1, 1, 1, 1);
  const uint32_t outer = call.sequence;
  call.Begin(WaitKind::kSemaphore, 2, 1, 1, 1, 1);
  EXPECT_TRUE(ParkedCall::IsParked(call.sequence));
  EXPECT_NE(call.sequence, outer);
  call.End();
  EXPECT_FALSE(ParkedCall::IsParked(call.sequence));
  call.End();  // the outer one's
  EXPECT_FALSE(ParkedCall::IsParked(call.sequence));
}

// A reader that finds the same odd number before and after has read the facts
// of one wait.
TEST(ParkedCall, AReaderNeverMixesTwoWaits) {
  ParkedCall call{};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uintptr_t i = 1; !stop; ++i) {
      call.Begin(WaitKind::kMutex, i, i, i, i, i);
      call.End();
    }
  });
  int consistent = 0;
  for (int i = 0; i < 100000 || consistent < 100; ++i) {
    const uint32_t before = call.sequence.load(std::memory_order_acquire);
    if (!ParkedCall::IsParked(before)) continue;
    const uintptr_t object = call.object.load(std::memory_order_relaxed);
    const uintptr_t bp = call.bp.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (call.sequence.load(std::memory_order_relaxed) != before) continue;
    ASSERT_EQ(object, bp);
    ++consistent;
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace pprofagent::hot
