// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/creation_buckets.h"

#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

namespace {

constinit InternIndex<CreationBucket> g_buckets(&g_store_pool);

CreationBucket* Make(const StackRecord* stack) {
  auto* bucket = static_cast<CreationBucket*>(g_store_pool.Allocate(sizeof(CreationBucket)));
  if (bucket != nullptr) bucket->stack = stack;
  return bucket;
}

}  // namespace

CreationBucket* FindCreationBucket(const StackRecord* stack) {
  return g_buckets.FindOrInsert(
      stack->hash, [&](const CreationBucket* bucket) { return bucket->stack == stack; },
      [&] { return Make(stack); });
}

void VisitCreationBuckets(CreationBucketVisitor visitor, void* context) {
  g_buckets.ForEach([&](const CreationBucket* bucket) { visitor(context, *bucket); });
}

}  // namespace pprofagent::hot
