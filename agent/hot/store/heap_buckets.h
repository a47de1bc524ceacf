// SPDX-License-Identifier: Apache-2.0
//
// The heap profile's counters: one bucket for each stack and size class. Sizes
// of one class differ by less than 1/16, so that blocks of like size share a
// bucket (a program that allocates every size between 1 byte and 1 MiB at one
// place makes 272 of them) while the profile can still say which sizes a stack
// allocates.
//
// Writers add with atomics, at any time. A reader loads what was freed (acquire)
// before what was allocated, so that it never sees a free without its
// allocation.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/store/stack_table.h"

namespace pprofagent::hot {

// Estimates are kept in fixed point: objects in units of 1/65536.
inline constexpr int kObjectFractionBits = 16;

struct HeapBucket {
  const StackRecord* stack;
  uint64_t size_class;
  // As recorded, before scaling: for the mean block size.
  std::atomic<uint64_t> sampled_blocks;
  std::atomic<uint64_t> sampled_bytes;
  // Scaled.
  std::atomic<uint64_t> alloc_objects;
  std::atomic<uint64_t> alloc_bytes;
  std::atomic<uint64_t> free_objects;
  std::atomic<uint64_t> free_bytes;

  void Allocated(uint64_t size, uint64_t objects, uint64_t bytes) {
    sampled_blocks.fetch_add(1, std::memory_order_relaxed);
    sampled_bytes.fetch_add(size, std::memory_order_relaxed);
    alloc_objects.fetch_add(objects, std::memory_order_relaxed);
    alloc_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  void Freed(uint64_t objects, uint64_t bytes) {
    free_objects.fetch_add(objects, std::memory_order_release);
    free_bytes.fetch_add(bytes, std::memory_order_release);
  }
};

// Null when there is no memory. Async-signal-safe, thread-safe, lock-free.
HeapBucket* FindHeapBucket(const StackRecord* stack, uint64_t size);

using HeapBucketVisitor = void (*)(void* context, const HeapBucket& bucket);
void VisitHeapBuckets(HeapBucketVisitor visitor, void* context);

// The class of a size: its upper five significant bits.
constexpr uint64_t SizeClass(uint64_t size) {
  if (size < 32) return size;
  const int shift = 63 - __builtin_clzll(size) - 4;
  return (size >> shift) << shift;
}

}  // namespace pprofagent::hot
