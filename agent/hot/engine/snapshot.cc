// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/snapshot.h"

#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/cpu.h"
#include "agent/hot/engine/heap.h"
#include "agent/hot/rt/thread_state.h"
#include "agent/hot/store/cpu_buckets.h"
#include "agent/hot/store/heap_buckets.h"
#include "agent/hot/store/live_map.h"
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

namespace {

StackView View(const StackRecord* stack) {
  return StackView{stack->pcs, stack->depth, stack->truncated};
}

int64_t Objects(uint64_t fixed_point) {
  constexpr uint64_t kHalf = uint64_t{1} << (kObjectFractionBits - 1);
  return static_cast<int64_t>((fixed_point + kHalf) >> kObjectFractionBits);
}

template <typename Visitor>
struct Visit {
  Visitor visitor;
  void* context;
};

void PassHeap(void* visit, const HeapBucket& bucket) {
  const auto& to = *static_cast<Visit<HeapVisitor>*>(visit);
  // What was freed first: see heap_buckets.h.
  const uint64_t free_bytes = bucket.free_bytes.load(std::memory_order_acquire);
  const uint64_t free_objects = bucket.free_objects.load(std::memory_order_acquire);
  const uint64_t alloc_bytes = bucket.alloc_bytes.load(std::memory_order_relaxed);
  const uint64_t alloc_objects = bucket.alloc_objects.load(std::memory_order_relaxed);
  const uint64_t blocks = bucket.sampled_blocks.load(std::memory_order_relaxed);
  const uint64_t bytes = bucket.sampled_bytes.load(std::memory_order_relaxed);
  if (blocks == 0) return;
  to.visitor(to.context, HeapSample{
                             .stack = View(bucket.stack),
                             .block_bytes = static_cast<int64_t>(bytes / blocks),
                             .alloc_objects = Objects(alloc_objects),
                             .alloc_bytes = static_cast<int64_t>(alloc_bytes),
                             .inuse_objects = Objects(alloc_objects - free_objects),
                             .inuse_bytes = static_cast<int64_t>(alloc_bytes - free_bytes),
                             .identity = reinterpret_cast<uintptr_t>(&bucket),
                         });
}

void PassCpu(void* visit, const CpuBucket& bucket) {
  const auto& to = *static_cast<Visit<CpuVisitor>*>(visit);
  to.visitor(to.context, CpuSample{
                             .stack = View(bucket.stack),
                             .count = static_cast<int64_t>(bucket.count.load()),
                             .nanoseconds = static_cast<int64_t>(bucket.nanoseconds.load()),
                         });
}

}  // namespace

void VisitHeap(HeapVisitor visitor, void* context) {
  Visit<HeapVisitor> visit{visitor, context};
  VisitHeapBuckets(PassHeap, &visit);
}

void VisitCpu(CpuVisitor visitor, void* context) {
  Visit<CpuVisitor> visit{visitor, context};
  VisitCpuBuckets(PassCpu, &visit);
}

Drops ReadDrops() {
  return Drops{
      .stack_table_full = StacksDroppedFull(),
      .live_map_full = UntrackedBlocks(),
      .no_thread_record = ThreadRecordsMissed(),
      .reentrant = StacksDroppedReentrant(),
      .no_timer = CpuThreadsRefused(),
  };
}

MemoryUse ReadMemoryUse() {
  return MemoryUse{
      .stacks = g_store_pool.mapped(),
      .live_map = LiveMapBytes(),
      .threads = ThreadRecordBytes(),
  };
}

}  // namespace pprofagent::hot
