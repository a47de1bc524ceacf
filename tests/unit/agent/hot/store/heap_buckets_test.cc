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
  EXPECT_EQ(SizeClass(UINT64_MAX) >> 59, 31u);
}

TEST(HeapBuckets, OneForEachStackAndSizeClass) {
  const uintptr_t pcs_a[] = {0x1000, 0x2000};
  const uintptr_t pcs_b[] = {0x1000, 0x2001};
  const StackRecord* a = InternStack(pcs_a, 2, false);
  const StackRecord* b = InternStack(pcs_b, 2, false);
  HeapBucket* bucket = FindHeapBucket(a, 1000);
  ASSERT_NE(bucket, nullptr);
  EXPECT_EQ(FindHeapBucket(a, 1001), bucket);
  EXPECT_NE(FindHeapBucket(a, 2000), bucket);
  EXPECT_NE(FindHeapBucket(b, 1000), bucket);
}

TEST(HeapBuckets, AVisitSeesWhatWasAdded) {
  const uintptr_t pcs[] = {0xabc};
  HeapBucket* bucket = FindHeapBucket(InternStack(pcs, 1, false), 64);
  bucket->Allocated(64, 10, 640);
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
