// SPDX-License-Identifier: Apache-2.0
//
// The CPU profile's counters: one bucket a stack, cumulative over all sessions
// (a profile is the difference of two readings). Writers are signal handlers;
// they add with relaxed atomics.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/store/stack_table.h"

namespace pprofagent::hot {

struct CpuBucket {
  const StackRecord* stack;
  std::atomic<uint64_t> count;
  std::atomic<uint64_t> nanoseconds;
};

// Null when there is no memory. Async-signal-safe, thread-safe, lock-free.
CpuBucket* FindCpuBucket(const StackRecord* stack);

using CpuBucketVisitor = void (*)(void* context, const CpuBucket& bucket);
void VisitCpuBuckets(CpuBucketVisitor visitor, void* context);

}  // namespace pprofagent::hot
