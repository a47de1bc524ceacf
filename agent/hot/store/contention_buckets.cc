// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/contention_buckets.h"

#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

namespace {

constexpr uint32_t kPairsWithLock = 32768;
constexpr uint32_t kMostPairs = 2 * kPairsWithLock;

constinit InternIndex<ContentionBucket> g_buckets(&g_store_pool);
constinit InternIndex<ContentionPair> g_pairs(&g_store_pool);
constinit std::atomic<uint32_t> g_pair_count{0};

uint64_t Mix(uint64_t a, uint64_t b) {
  const auto product =
      static_cast<unsigned __int128>(a ^ 0xa0761d6478bd642fu) * (b ^ 0xe7037ed1a0b428dbu);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

template <typename Record>
Record* NewRecord() {
  return static_cast<Record*>(g_store_pool.Allocate(sizeof(Record)));
}

}  // namespace

ContentionBucket* FindContentionBucket(const StackRecord* stack, ContentionSide side,
                                       WaitKind kind) {
  const uint64_t sort = (static_cast<uint64_t>(side) << 8) | static_cast<uint64_t>(kind);
  return g_buckets.FindOrInsert(
      Mix(stack->hash, sort),
      [&](const ContentionBucket* b) {
        return b->stack == stack && b->side == side && b->kind == kind;
      },
      [&] {
        auto* bucket = NewRecord<ContentionBucket>();
        if (bucket != nullptr) {
          bucket->stack = stack;
          bucket->side = side;
          bucket->kind = kind;
        }
        return bucket;
      });
}

ContentionPair* FindContentionPair(const StackRecord* waiter, const StackRecord* holder,
                                   uintptr_t lock) {
  const uint32_t pairs = g_pair_count.load(std::memory_order_relaxed);
  if (pairs >= kPairsWithLock) lock = 0;
  return g_pairs.FindOrInsert(
      Mix(Mix(waiter->hash, holder->hash), lock),
      [&](const ContentionPair* p) {
        return p->waiter == waiter && p->holder == holder && p->lock == lock;
      },
      [&]() -> ContentionPair* {
        if (pairs >= kMostPairs) return nullptr;
        auto* pair = NewRecord<ContentionPair>();
        if (pair == nullptr) return nullptr;
        pair->waiter = waiter;
        pair->holder = holder;
        pair->lock = lock;
        g_pair_count.fetch_add(1, std::memory_order_relaxed);
        return pair;
      });
}

void VisitContentionBuckets(ContentionBucketVisitor visitor, void* context) {
  g_buckets.ForEach([&](const ContentionBucket* bucket) { visitor(context, *bucket); });
}

void VisitContentionPairs(ContentionPairRecordVisitor visitor, void* context) {
  g_pairs.ForEach([&](const ContentionPair* pair) { visitor(context, *pair); });
}

}  // namespace pprofagent::hot
