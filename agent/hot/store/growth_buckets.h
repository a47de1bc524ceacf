// SPDX-License-Identifier: Apache-2.0
//
// The growth profile's counters: one bucket for each stack that was the first to
// get memory from where there was none before (growth_map.h), with how often and
// how much. Writers add with relaxed atomics.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/store/stack_table.h"

namespace pprofagent::hot {

struct GrowthBucket {
  const StackRecord* stack;
  std::atomic<uint64_t> times;
  std::atomic<uint64_t> bytes;
};

// Null when there is no memory. Async-signal-safe, thread-safe, lock-free.
GrowthBucket* FindGrowthBucket(const StackRecord* stack);

using GrowthBucketVisitor = void (*)(void* context, const GrowthBucket& bucket);
void VisitGrowthBuckets(GrowthBucketVisitor visitor, void* context);

}  // namespace pprofagent::hot
