// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/heap_buckets.h"

#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

namespace {

constinit InternIndex<HeapBucket> g_buckets(&g_store_pool);

uint64_t HashOf(const StackRecord* stack, uint64_t size_class) {
  const auto product = static_cast<unsigned __int128>(stack->hash ^ 0xa0761d6478bd642fu) *
                       (size_class * 2 + 0xe7037ed1a0b428dbu);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

HeapBucket* Make(const StackRecord* stack, uint64_t size_class) {
  auto* bucket = static_cast<HeapBucket*>(g_store_pool.Allocate(sizeof(HeapBucket)));
  if (bucket == nullptr) return nullptr;
  bucket->stack = stack;
  bucket->size_class = size_class;
  return bucket;
}

}  // namespace

HeapBucket* FindHeapBucket(const StackRecord* stack, uint64_t size) {
  const uint64_t size_class = SizeClass(size);
  return g_buckets.FindOrInsert(
      HashOf(stack, size_class),
      [&](const HeapBucket* b) { return b->stack == stack && b->size_class == size_class; },
      [&] { return Make(stack, size_class); });
}

void VisitHeapBuckets(HeapBucketVisitor visitor, void* context) {
  g_buckets.ForEach([&](const HeapBucket* bucket) { visitor(context, *bucket); });
}

}  // namespace pprofagent::hot
