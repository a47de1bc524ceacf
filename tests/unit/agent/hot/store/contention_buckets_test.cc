// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/contention_buckets.h"

#include <gtest/gtest.h>

namespace pprofagent::hot {
namespace {

const StackRecord* StackAt(uintptr_t pc) { return InternStack(&pc, 1, false); }

TEST(ContentionBuckets, OneForEachStackSideAndKind) {
  const StackRecord* stack = StackAt(0x1000);
  auto* bucket = FindContentionBucket(stack, ContentionSide::kWaiter, WaitKind::kMutex);
  ASSERT_NE(bucket, nullptr);
  EXPECT_EQ(FindContentionBucket(stack, ContentionSide::kWaiter, WaitKind::kMutex), bucket);
  EXPECT_NE(FindContentionBucket(stack, ContentionSide::kWaiter, WaitKind::kJoin), bucket);
  EXPECT_NE(FindContentionBucket(stack, ContentionSide::kReleaser, WaitKind::kMutex), bucket);
  EXPECT_NE(FindContentionBucket(StackAt(0x2000), ContentionSide::kWaiter, WaitKind::kMutex),
            bucket);
}

TEST(ContentionBuckets, AVisitSeesWhatWasAdded) {
  auto* bucket =
      FindContentionBucket(StackAt(0xabc3000), ContentionSide::kReleaser, WaitKind::kNone);
  bucket->counters.Add({1 << kContentionFractionBits, 70});
  bucket->counters.Add({1 << (kContentionFractionBits - 1), 30});
  uint64_t delay = 0;
  VisitContentionBuckets(
      [](void* context, const ContentionBucket& b) {
        if (b.stack->pcs[0] == 0xabc3000) *static_cast<uint64_t*>(context) += b.counters.delay_ns;
      },
      &delay);
  EXPECT_EQ(delay, 100u);
}

// Comes last in this program: it uses the pairs up.
TEST(ContentionPairs, AreBoundedWhateverTheNumberOfLocks) {
  const StackRecord* waiter = StackAt(0x5000);
  const StackRecord* holder = StackAt(0x6000);
  ContentionPair* first = FindContentionPair(waiter, holder, 0x10);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->lock, 0x10u);
  for (uintptr_t lock = 0x20; lock < 0x100000; lock += 16) {
    ASSERT_NE(FindContentionPair(waiter, holder, lock), nullptr);
  }
  ContentionPair* rest = FindContentionPair(waiter, holder, 0x7777777);
  ASSERT_NE(rest, nullptr);
  EXPECT_EQ(rest->lock, 0u) << "not told apart any more";
  for (uintptr_t pc = 0; pc < 40000; ++pc) FindContentionPair(StackAt(pc + 0x70000), holder, 1);
  EXPECT_EQ(FindContentionPair(StackAt(0x9990000), holder, 1), nullptr);
  EXPECT_EQ(FindContentionPair(waiter, holder, 0x88), rest) << "what is there goes on counting";
}

}  // namespace
}  // namespace pprofagent::hot
