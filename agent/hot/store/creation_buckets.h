// SPDX-License-Identifier: Apache-2.0
//
// The threadcreate profile's counters: one bucket for each stack that called
// pthread_create, with the number of threads it made since the process began.
// Writers add with relaxed atomics.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/store/stack_table.h"

namespace pprofagent::hot {

struct CreationBucket {
  const StackRecord* stack;
  std::atomic<uint64_t> threads;
};

// Null when there is no memory. Async-signal-safe, thread-safe, lock-free.
CreationBucket* FindCreationBucket(const StackRecord* stack);

using CreationBucketVisitor = void (*)(void* context, const CreationBucket& bucket);
void VisitCreationBuckets(CreationBucketVisitor visitor, void* context);

}  // namespace pprofagent::hot
