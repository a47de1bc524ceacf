// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/growth_map.h"

#include <gtest/gtest.h>

#include "agent/hot/store/growth_buckets.h"

namespace pprofagent::hot {
namespace {

constexpr uintptr_t kMebi = kGrowthGranule;
// Addresses that nobody has: the map does not look at what is there.
constexpr uintptr_t kBase = uintptr_t{1} << 45;

uint64_t Touch(uintptr_t address, size_t size) {
  const Growth growth = TouchForGrowth(reinterpret_cast<const void*>(address), size);
  EXPECT_FALSE(growth.refused);
  return growth.bytes;
}

TEST(GrowthMap, ASmallBlockStandsForItsMebibyteOnce) {
  EXPECT_EQ(Touch(kBase + 100, 16), kMebi);
  EXPECT_EQ(Touch(kBase + 100, 16), 0u);
  EXPECT_EQ(Touch(kBase + kMebi - 16, 4096), 0u) << "where it begins";
  EXPECT_EQ(Touch(kBase + kMebi, 16), kMebi);
}

TEST(GrowthMap, ALargeBlockStandsForItsSize) {
  constexpr uintptr_t kAt = kBase + (uintptr_t{1} << 40);
  EXPECT_EQ(Touch(kAt, 10 * kMebi), 10 * kMebi);
  EXPECT_EQ(Touch(kAt + kMebi, 10 * kMebi), kMebi) << "one more";
  // Neither end is counted twice, nor left out, over many blocks side by side.
  uint64_t sum = 0;
  constexpr size_t kSize = kMebi + kMebi / 4 + 16;
  constexpr uintptr_t kRow = kAt + (uintptr_t{1} << 30);
  for (uintptr_t i = 0; i < 1000; ++i) sum += Touch(kRow + i * kSize + 16, kSize);
  EXPECT_NEAR(static_cast<double>(sum), 1000.0 * kSize, kMebi);
}

TEST(GrowthMap, BlocksOverManyRegions) {
  constexpr uintptr_t kAt = kBase + (uintptr_t{2} << 40) + 17 * kMebi;
  EXPECT_EQ(Touch(kAt, 1000 * kMebi), 1000 * kMebi);
  EXPECT_EQ(Touch(kAt - 17 * kMebi, 2048 * kMebi), 1048 * kMebi);
}

TEST(GrowthBuckets, OneForEachStack) {
  const uintptr_t pcs[] = {0x9234, 0x9678};
  GrowthBucket* bucket = FindGrowthBucket(InternStack(pcs, 2, false));
  ASSERT_NE(bucket, nullptr);
  EXPECT_EQ(FindGrowthBucket(InternStack(pcs, 2, false)), bucket);
  EXPECT_NE(FindGrowthBucket(InternStack(pcs, 1, false)), bucket);
  bucket->bytes.fetch_add(5);
  uint64_t seen = 0;
  VisitGrowthBuckets(
      [](void* context, const GrowthBucket& b) {
        if (b.stack->depth == 2) *static_cast<uint64_t*>(context) += b.bytes;
      },
      &seen);
  EXPECT_EQ(seen, 5u);
}

}  // namespace
}  // namespace pprofagent::hot
