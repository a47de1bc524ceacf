// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/heap_buckets.h"

#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

namespace {

constinit InternIndex<HeapBucket> g_buckets(&g_store_pool);

uint64_t HashOf(const HeapBucketKey& key) {
  const uint64_t kind = key.size_class ^ (static_cast<uint64_t>(key.rate) << 20) ^
                        (static_cast<uint64_t>(key.shard) << 56);
  const auto product = static_cast<unsigned __int128>(key.stack->hash ^ 0xa0761d6478bd642fu) *
                       (kind * 2 + 0xe7037ed1a0b428dbu);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Buckets of a shard keep out of each other's cache lines.
void* Memory(const HeapBucketKey& key) {
  constexpr size_t kLine = 64;
  if (key.shard == 0) return g_store_pool.Allocate(sizeof(HeapBucket));
  auto at = reinterpret_cast<uintptr_t>(g_store_pool.Allocate(sizeof(HeapBucket) + kLine));
  if (at == 0) return nullptr;
  at = (at + kLine - 1) & ~(kLine - 1);
  return reinterpret_cast<void*>(at);
}

HeapBucket* Make(const HeapBucketKey& key) {
  auto* bucket = static_cast<HeapBucket*>(Memory(key));
  if (bucket != nullptr) static_cast<HeapBucketKey&>(*bucket) = key;
  return bucket;
}

}  // namespace

HeapBucket* FindHeapBucket(const HeapBucketKey& key) {
  return g_buckets.FindOrInsert(
      HashOf(key),
      [&](const HeapBucket* b) { return static_cast<const HeapBucketKey&>(*b) == key; },
      [&] { return Make(key); });
}

void VisitHeapBuckets(HeapBucketVisitor visitor, void* context) {
  g_buckets.ForEach([&](const HeapBucket* bucket) { visitor(context, *bucket); });
}

}  // namespace pprofagent::hot
