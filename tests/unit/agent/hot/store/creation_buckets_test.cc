// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/creation_buckets.h"

#include <gtest/gtest.h>

namespace pprofagent::hot {
namespace {

TEST(CreationBuckets, OneForEachStack) {
  const uintptr_t pcs[] = {0x1234, 0x5678};
  CreationBucket* bucket = FindCreationBucket(InternStack(pcs, 2, false));
  ASSERT_NE(bucket, nullptr);
  EXPECT_EQ(FindCreationBucket(InternStack(pcs, 2, false)), bucket);
  EXPECT_NE(FindCreationBucket(InternStack(pcs, 1, false)), bucket);
  bucket->threads.fetch_add(3);
  uint64_t seen = 0;
  VisitCreationBuckets(
      [](void* context, const CreationBucket& b) {
        if (b.stack->depth == 2) *static_cast<uint64_t*>(context) += b.threads;
      },
      &seen);
  EXPECT_EQ(seen, 3u);
}

}  // namespace
}  // namespace pprofagent::hot
