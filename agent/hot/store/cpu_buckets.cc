// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/cpu_buckets.h"

#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

namespace {

constinit InternIndex<CpuBucket> g_buckets(&g_store_pool);

CpuBucket* Make(const StackRecord* stack) {
  auto* bucket = static_cast<CpuBucket*>(g_store_pool.Allocate(sizeof(CpuBucket)));
  if (bucket != nullptr) bucket->stack = stack;
  return bucket;
}

}  // namespace

CpuBucket* FindCpuBucket(const StackRecord* stack) {
  return g_buckets.FindOrInsert(
      stack->hash, [&](const CpuBucket* bucket) { return bucket->stack == stack; },
      [&] { return Make(stack); });
}

void VisitCpuBuckets(CpuBucketVisitor visitor, void* context) {
  g_buckets.ForEach([&](const CpuBucket* bucket) { visitor(context, *bucket); });
}

}  // namespace pprofagent::hot
