// SPDX-License-Identifier: Apache-2.0
//
// The heap profile's counters: one bucket for each stack, size class and
// sampling rate. Sizes of one class differ by less than 1/16, so that blocks of
// like size share a bucket (a program that allocates every size between 1 byte
// and 1 MiB at one place makes 272 of them) while the profile can still say
// which sizes a stack allocates. With the rate, a bucket and a size tell a
// sample's weight, so that nobody need remember it until the block is freed.
//
// Where samples are frequent, several threads would count in the same bucket at
// the same time; there a bucket also belongs to a shard of the threads, and has
// cache lines of its own. Profiles then have several samples of a stack and size,
// which every report adds up.
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

struct HeapBucketKey {
  const StackRecord* stack;
  uint64_t size_class;
  int64_t rate;
  uint32_t shard;

  bool operator==(const HeapBucketKey&) const = default;
};

struct HeapBucket : HeapBucketKey {
  // Scaled.
  std::atomic<uint64_t> alloc_objects;
  std::atomic<uint64_t> alloc_bytes;
  std::atomic<uint64_t> free_objects;
  std::atomic<uint64_t> free_bytes;

  void Allocated(uint64_t objects, uint64_t bytes) {
    alloc_objects.fetch_add(objects, std::memory_order_relaxed);
    alloc_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  void Freed(uint64_t objects, uint64_t bytes) {
    free_objects.fetch_add(objects, std::memory_order_release);
    free_bytes.fetch_add(bytes, std::memory_order_release);
  }
};

// Null when there is no memory. Async-signal-safe, thread-safe, lock-free.
HeapBucket* FindHeapBucket(const HeapBucketKey& key);

using HeapBucketVisitor = void (*)(void* context, const HeapBucket& bucket);
void VisitHeapBuckets(HeapBucketVisitor visitor, void* context);

// The class of a size: its upper five significant bits. Sizes beyond 64 GiB are
// a class each: what a size has above its class then fits in 32 bits always.
constexpr uint64_t SizeClass(uint64_t size) {
  if (size < 32 || size >= (uint64_t{1} << 36)) return size;
  const int shift = 63 - __builtin_clzll(size) - 4;
  return (size >> shift) << shift;
}

}  // namespace pprofagent::hot
