// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/growth_buckets.h"

#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

namespace {

constinit InternIndex<GrowthBucket> g_buckets(&g_store_pool);

GrowthBucket* Make(const StackRecord* stack) {
  auto* bucket = static_cast<GrowthBucket*>(g_store_pool.Allocate(sizeof(GrowthBucket)));
  if (bucket != nullptr) bucket->stack = stack;
  return bucket;
}

}  // namespace

GrowthBucket* FindGrowthBucket(const StackRecord* stack) {
  return g_buckets.FindOrInsert(
      stack->hash, [&](const GrowthBucket* bucket) { return bucket->stack == stack; },
      [&] { return Make(stack); });
}

void VisitGrowthBuckets(GrowthBucketVisitor visitor, void* context) {
  g_buckets.ForEach([&](const GrowthBucket* bucket) { visitor(context, *bucket); });
}

}  // namespace pprofagent::hot
