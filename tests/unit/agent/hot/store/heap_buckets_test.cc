// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/heap_buckets.h"

#include <gtest/gtest.h>

namespace pprofagent::hot {
namespace {

TEST(SizeClass, IsWithinOneSixteenthBelowTheSize) {
  for (uint64_t size = 0; size < 100000; ++size) {
    const uint64_t size_class = SizeClass(size);
    ASSERT_LE(size_class, size);
    ASSERT_LE((size - size_class) * 16, size) << size;
  }
}

TEST(SizeClass, LeavesARestOf32Bits) {
  for (int bits = 0; bits < 64; ++bits) {
    const uint64_t most = ~uint64_t{0} >> bits;
    EXPECT_LE(most - SizeClass(most), UINT32_MAX) << most;
  }
}

HeapBucketKey Key(const StackRecord* stack, uint64_t size) {
  return {stack, SizeClass(size), 1, 0};
}

TEST(HeapBuckets, OneForEachStackSizeClassRateAndShard) {
  const uintptr_t pcs_a[] = {0x1000, 0x2000};
  const uintptr_t pcs_b[] = {0x1000, 0x2001};
  const StackRecord* a = InternStack(pcs_a, 2, false);
  const StackRecord* b = InternStack(pcs_b, 2, false);
  HeapBucket* bucket = FindHeapBucket(Key(a, 1000));
  ASSERT_NE(bucket, nullptr);
  EXPECT_EQ(FindHeapBucket(Key(a, 1001)), bucket);
  EXPECT_NE(FindHeapBucket(Key(a, 2000)), bucket);
  EXPECT_NE(FindHeapBucket(Key(b, 1000)), bucket);
  EXPECT_NE(FindHeapBucket({a, SizeClass(1000), 2, 0}), bucket);
  EXPECT_NE(FindHeapBucket({a, SizeClass(1000), 1, 1}), bucket);
}

TEST(HeapBuckets, AVisitSeesWhatWasAdded) {
  const uintptr_t pcs[] = {0xabc};
  HeapBucket* bucket = FindHeapBucket(Key(InternStack(pcs, 1, false), 64));
  bucket->Allocated(10, 640);
  bucket->Freed(4, 256);
  uint64_t seen = 0;
  VisitHeapBuckets(
      [](void* context, const HeapBucket& b) {
        if (b.stack->depth == 1 && b.stack->pcs[0] == 0xabc) {
          *static_cast<uint64_t*>(context) = b.alloc_bytes - b.free_bytes;
        }
      },
      &seen);
  EXPECT_EQ(seen, 640u - 256u);
}

}  // namespace
}  // namespace pprofagent::hot
