// SPDX-License-Identifier: Apache-2.0
//
// The counters of the block, mutex and contention profiles, cumulative since the
// process began. Values are scaled when they are added, as the heap's are;
// contentions in units of 1/65536, because a short wait that stands for many
// others stands for a fraction of one more.
//
// Block and mutex: one bucket for each stack and kind of wait (the kind is kNone
// for mutex). Contention: one for each pair of stacks and lock. A program may
// make and drop locks for ever; after 32,768 pairs further locks are not told
// apart (lock 0), and after twice as many further pairs are dropped and counted,
// so that the memory is bounded.
//
// Writers add with relaxed atomics, at any time.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/rt/parked.h"
#include "agent/hot/store/stack_table.h"

namespace pprofagent::hot {

inline constexpr int kContentionFractionBits = 16;

// What a sample adds.
struct ContentionWeight {
  uint64_t contentions;  // in units of 2^-kContentionFractionBits
  uint64_t delay_ns;
};

struct ContentionCounters {
  std::atomic<uint64_t> contentions;
  std::atomic<uint64_t> delay_ns;

  void Add(const ContentionWeight& weight) {
    contentions.fetch_add(weight.contentions, std::memory_order_relaxed);
    delay_ns.fetch_add(weight.delay_ns, std::memory_order_relaxed);
  }
};

enum class ContentionSide : uint8_t { kWaiter, kReleaser };

struct ContentionBucket {
  const StackRecord* stack;
  ContentionSide side;
  WaitKind kind;
  ContentionCounters counters;
};

struct ContentionPair {
  const StackRecord* waiter;
  const StackRecord* holder;
  uintptr_t lock;
  ContentionCounters counters;
};

// Null when there is no memory, or too many pairs. Async-signal-safe,
// thread-safe, lock-free.
ContentionBucket* FindContentionBucket(const StackRecord* stack, ContentionSide side,
                                       WaitKind kind);
ContentionPair* FindContentionPair(const StackRecord* waiter, const StackRecord* holder,
                                   uintptr_t lock);

using ContentionBucketVisitor = void (*)(void* context, const ContentionBucket& bucket);
void VisitContentionBuckets(ContentionBucketVisitor visitor, void* context);
using ContentionPairRecordVisitor = void (*)(void* context, const ContentionPair& pair);
void VisitContentionPairs(ContentionPairRecordVisitor visitor, void* context);

}  // namespace pprofagent::hot
