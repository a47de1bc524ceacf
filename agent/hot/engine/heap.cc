// SPDX-License-Identifier: Apache-2.0
//
// The heap engine: samples allocations (sampler.h), counts them in buckets
// (heap_buckets.h) and follows the sampled blocks until they are freed
// (live_map.h, free_filter.h).
#include "agent/hot/engine/heap.h"

#include <atomic>

#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/memory_trace.h"
#include "agent/hot/engine/requests.h"
#include "agent/hot/engine/sampler.h"
#include "agent/hot/engine/thread.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/real.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/store/growth_buckets.h"
#include "agent/hot/store/growth_map.h"
#include "agent/hot/store/live_map.h"

namespace pprofagent::hot {

namespace {

// Before, allocations come from the loader and from constructors of libraries
// that are not ready themselves.
constinit std::atomic<bool> g_started{false};
// Off until the options are read.
constinit std::atomic<int64_t> g_rate{0};
constinit std::atomic<uint64_t> g_untracked{0};

// How far a thread counts with sampling off before it looks again whether it
// still is.
constexpr uint64_t kOffInterval = uint64_t{16} << 20;

// Starts the thread's next countdown. Returns the rate it was drawn with.
int64_t StartCountdown(ThreadRecord* record) {
  const int64_t rate = g_rate.load(std::memory_order_relaxed);
  record->heap_rate = rate;
  if (rate <= 0) {
    t_state.bytes_until_sample = kOffInterval;
  } else if (rate == 1) {
    t_state.bytes_until_sample = 0;
  } else {
    t_state.bytes_until_sample = DrawInterval(&record->random, rate);
  }
  return rate;
}

// The rate at which this allocation was sampled; 0: it was not. A countdown
// that nobody drew (a thread's first allocation, or sampling was off) is no
// sample: the first real one starts here and includes this allocation.
int64_t SampledAt(ThreadRecord* record, size_t size) {
  const int64_t drawn_with = record->heap_rate;
  if (drawn_with > 0) return drawn_with;
  const int64_t rate = StartCountdown(record);
  const bool due = !CountAllocation(size);
  return due ? rate : 0;
}

uint64_t ScaledBytes(uint64_t size, uint64_t objects) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(size) * objects) >>
                               kObjectFractionBits);
}

void Freed(HeapBucket* bucket, uint64_t size) {
  const uint64_t objects = BlockWeight(size, bucket->rate);
  const uint64_t bytes = ScaledBytes(size, objects);
  bucket->Freed(objects, bytes);
  TraceFreed(objects, bytes);
}

// In the filter before the program learns the address, else its free would pass
// by. An entry that is there already is of a block whose free escaped us.
void Track(void* block, const LiveBlock& live) {
  if (MayBeKnown(block)) ForgottenBlockFreed(ForgetBlock(block));
  AddToFreeFilter(block);
  if (InsertLive(block, live)) return;
  RemoveFromFreeFilter(block);
  Freed(live.bucket, live.size);
  g_untracked.fetch_add(1, std::memory_order_relaxed);
}

void RecordGrowth(const void* block, size_t size, const StackRecord* stack) {
  const Growth growth = TouchForGrowth(block, size);
  if (growth.bytes == 0 && !growth.refused) [[likely]]
    return;
  GrowthBucket* bucket = FindGrowthBucket(stack);
  if (bucket == nullptr || growth.refused) CountStoreFull();
  if (bucket == nullptr) return;
  bucket->times.fetch_add(1, std::memory_order_relaxed);
  bucket->bytes.fetch_add(growth.bytes, std::memory_order_relaxed);
}

// Up to this rate, bytes, samples are so frequent that what one costs matters
// more than a few kilobytes a thread.
constexpr int64_t kFrequent = 32 << 10;
constexpr uint32_t kShards = 8;

// Neighbours in the list of threads are in different shards.
uint32_t ShardOf(const ThreadRecord* record) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(record) / sizeof(ThreadRecord)) %
         kShards;
}

void Record(void* block, size_t size, int64_t rate, const Registers& caller) {
  const bool frequent = rate <= kFrequent;
  // Memory is slower than the walk that comes first.
  PrefetchLive(block);
  const StackRecord* stack = frequent ? CaptureFrequentHookStack(caller) : CaptureHookStack(caller);
  if (stack == nullptr) return;
  const uint32_t shard = frequent ? 1 + ShardOf(t_state.record) : 0;
  HeapBucket* bucket = FindHeapBucket({stack, SizeClass(size), rate, shard});
  if (bucket == nullptr) {
    CountStoreFull();
    return;
  }
  const uint64_t objects = BlockWeight(size, rate);
  const uint64_t bytes = ScaledBytes(size, objects);
  bucket->Allocated(objects, bytes);
  TraceAllocated(objects, bytes);
  RecordGrowth(block, size, stack);
  Track(block, LiveBlock{bucket, size});
}

}  // namespace

void StartHeapEngine() { g_started.store(true, std::memory_order_relaxed); }

void SetHeapSamplingRate(int64_t rate) {
  g_rate.store(rate, std::memory_order_relaxed);
  // So that at start the main thread, which has allocated already, is sampled
  // from here on.
  if (t_state.record != nullptr && t_state.record->heap_rate == 0) t_state.bytes_until_sample = 0;
}
int64_t HeapSamplingRate() { return g_rate.load(std::memory_order_relaxed); }
uint64_t UntrackedBlocks() { return g_untracked.load(std::memory_order_relaxed); }

void BlockAllocated(void* block, size_t size, const Registers& caller) {
  if (!g_started.load(std::memory_order_relaxed) || IsSandboxed()) {
    t_state.bytes_until_sample = kOffInterval;
    return;
  }
  if (t_state.guard > 0 || IsAgentCode(caller.pc)) {
    // The agent's own allocation (outside a guard: constructors of libraries
    // linked into it), or one made while a sample is being taken. A fresh
    // interval: going on with what is left would favour the next block.
    t_state.bytes_until_sample = 0;
    if (t_state.record != nullptr) StartCountdown(t_state.record);
    return;
  }
  {
    const Guard guard;
    if (!t_state.watched) FollowThisThread();
    ThreadRecord* record = CurrentRecord();
    if (record == nullptr) {
      t_state.bytes_until_sample = kOffInterval;
      return;
    }
    const int64_t rate = SampledAt(record, size);
    if (rate > 0) {
      if (block != nullptr) Record(block, size, rate, caller);
      StartCountdown(record);
    }
  }
  StartHelperIfWanted();
}

bool BlockFreed(void* block) {
  if (IsBootstrapMemory(block)) return true;
  ForgottenBlockFreed(ForgetBlock(block));
  return false;
}

ForgottenBlock ForgetBlock(void* block) {
  LiveBlock live{};
  if (!RemoveLive(block, &live)) return ForgottenBlock{};
  RemoveFromFreeFilter(block);
  return ForgottenBlock{live.bucket, live.size};
}

void ForgottenBlockFreed(const ForgottenBlock& forgotten) {
  if (forgotten.bucket == nullptr) return;
  Freed(static_cast<HeapBucket*>(forgotten.bucket), forgotten.size);
}

void RestoreBlock(void* block, const ForgottenBlock& forgotten) {
  if (forgotten.bucket == nullptr) return;
  Track(block, LiveBlock{static_cast<HeapBucket*>(forgotten.bucket), forgotten.size});
}

}  // namespace pprofagent::hot
