// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/snapshot.h"

#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/contention.h"
#include "agent/hot/engine/cpu.h"
#include "agent/hot/engine/heap.h"
#include "agent/hot/engine/signals.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/thread_state.h"
#include "agent/hot/store/contention_buckets.h"
#include "agent/hot/store/cpu_buckets.h"
#include "agent/hot/store/creation_buckets.h"
#include "agent/hot/store/growth_buckets.h"
#include "agent/hot/store/heap_buckets.h"
#include "agent/hot/store/label_sets.h"
#include "agent/hot/store/live_map.h"
#include "agent/hot/store/lock_waiters.h"
#include "agent/hot/store/pool.h"
#include "agent/hot/unwind/module_history.h"
#include "agent/hot/unwind/rule_cache.h"

namespace pprofagent::hot {

namespace {

StackView View(const StackRecord* stack) {
  return StackView{stack->pcs, stack->depth, stack->truncated, stack->labels};
}

int64_t Objects(uint64_t fixed_point) {
  constexpr uint64_t kHalf = uint64_t{1} << (kObjectFractionBits - 1);
  return static_cast<int64_t>((fixed_point + kHalf) >> kObjectFractionBits);
}

// To the nearest byte: each sample's scaled bytes were rounded down.
int64_t MeanBlock(uint64_t objects, uint64_t bytes) {
  constexpr double kOne = uint64_t{1} << kObjectFractionBits;
  // Positive, and lround would be a call into libm. NOLINTNEXTLINE(bugprone-incorrect-roundings)
  return static_cast<int64_t>(static_cast<double>(bytes) * kOne / static_cast<double>(objects) +
                              0.5);
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
  if (alloc_objects == 0) return;
  to.visitor(to.context, HeapSample{
                             .stack = View(bucket.stack),
                             .block_bytes = MeanBlock(alloc_objects, alloc_bytes),
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

void PassCreation(void* visit, const CreationBucket& bucket) {
  const auto& to = *static_cast<Visit<CreationVisitor>*>(visit);
  to.visitor(to.context,
             CreationSample{
                 .stack = View(bucket.stack),
                 .threads = static_cast<int64_t>(bucket.threads.load(std::memory_order_relaxed)),
             });
}

void PassGrowth(void* visit, const GrowthBucket& bucket) {
  const auto& to = *static_cast<Visit<GrowthVisitor>*>(visit);
  to.visitor(to.context,
             GrowthSample{
                 .stack = View(bucket.stack),
                 .times = static_cast<int64_t>(bucket.times.load(std::memory_order_relaxed)),
                 .bytes = static_cast<int64_t>(bucket.bytes.load(std::memory_order_relaxed)),
             });
}

const char* NameOf(WaitKind kind) {
  switch (kind) {
    case WaitKind::kMutex:
      return "mutex";
    case WaitKind::kRwlockRead:
    case WaitKind::kRwlockWrite:
      return "rwlock";
    case WaitKind::kCondition:
      return "cond";
    case WaitKind::kSemaphore:
      return "sem";
    case WaitKind::kJoin:
      return "join";
    case WaitKind::kBarrier:
      return "barrier";
    case WaitKind::kSleep:
      return "sleep";
    case WaitKind::kIo:
      return "io";
    case WaitKind::kNone:
      break;
  }
  return "";
}

int64_t Contentions(const ContentionCounters& counters) {
  constexpr uint64_t kHalf = uint64_t{1} << (kContentionFractionBits - 1);
  return static_cast<int64_t>((counters.contentions.load(std::memory_order_relaxed) + kHalf) >>
                              kContentionFractionBits);
}

int64_t Delay(const ContentionCounters& counters) {
  return static_cast<int64_t>(counters.delay_ns.load(std::memory_order_relaxed));
}

struct ContentionVisit {
  ContentionVisitor visitor;
  void* context;
  ContentionSide side;
};

void PassContention(void* visit, const ContentionBucket& bucket) {
  const auto& to = *static_cast<ContentionVisit*>(visit);
  if (bucket.side != to.side) return;
  to.visitor(to.context, ContentionSample{
                             .stack = View(bucket.stack),
                             .kind = NameOf(bucket.kind),
                             .contentions = Contentions(bucket.counters),
                             .delay_ns = Delay(bucket.counters),
                             .identity = reinterpret_cast<uintptr_t>(&bucket),
                         });
}

void PassPair(void* visit, const ContentionPair& pair) {
  const auto& to = *static_cast<Visit<ContentionPairVisitor>*>(visit);
  to.visitor(to.context, ContentionPairSample{
                             .waiter = View(pair.waiter),
                             .holder = View(pair.holder),
                             .lock = pair.lock,
                             .contentions = Contentions(pair.counters),
                             .delay_ns = Delay(pair.counters),
                             .identity = reinterpret_cast<uintptr_t>(&pair),
                         });
}

void PassModule(void* visit, const ModuleRecord& record) {
  const auto& to = *static_cast<Visit<ModuleVisitor>*>(visit);
  for (uint32_t i = 0; i < record.code_segments; ++i) {
    const CodeSegment& code = record.code[i];
    to.visitor(to.context, ModuleCode{code.start, code.limit, code.offset, record.generation,
                                      record.build_id, record.build_id_place.size, record.path});
  }
}

// From its upper end down, as far as it has been used: what is left there of
// deeper calls lies next to what is in use.
uint64_t ResidentStack(uintptr_t low, uintptr_t high) {
  constexpr uintptr_t kPage = 4096;
  constexpr uintptr_t kPages = 16;
  uint64_t bytes = 0;
  uintptr_t end = (high + kPage - 1) & ~(kPage - 1);
  while (end > low && end - low >= kPage) {
    const uintptr_t pages = (end - low) / kPage < kPages ? (end - low) / kPage : kPages;
    unsigned char resident[kPages] = {};
    end -= pages * kPage;
    // What is not mapped is not resident either.
    if (IsSyscallError(RawSyscall(SYS_mincore, end, pages * kPage, resident))) return bytes;
    uint64_t found = 0;
    for (uintptr_t i = 0; i < pages; ++i) found += resident[i] & 1u;
    if (found == 0) return bytes;
    bytes += found * kPage;
  }
  return bytes;
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

void VisitCreations(CreationVisitor visitor, void* context) {
  Visit<CreationVisitor> visit{visitor, context};
  VisitCreationBuckets(PassCreation, &visit);
}

void VisitGrowth(GrowthVisitor visitor, void* context) {
  Visit<GrowthVisitor> visit{visitor, context};
  VisitGrowthBuckets(PassGrowth, &visit);
}

void VisitBlock(ContentionVisitor visitor, void* context) {
  ContentionVisit visit{visitor, context, ContentionSide::kWaiter};
  VisitContentionBuckets(PassContention, &visit);
}

void VisitMutex(ContentionVisitor visitor, void* context) {
  ContentionVisit visit{visitor, context, ContentionSide::kReleaser};
  VisitContentionBuckets(PassContention, &visit);
}

void VisitContention(ContentionPairVisitor visitor, void* context) {
  Visit<ContentionPairVisitor> visit{visitor, context};
  VisitContentionPairs(PassPair, &visit);
}

void VisitModules(ModuleVisitor visitor, void* context) {
  Visit<ModuleVisitor> visit{visitor, context};
  VisitModuleRecords(PassModule, &visit);
}

LabelsView LabelsOf(uint32_t labels) {
  const LabelSet* set = LabelSetOf(labels);
  return set != nullptr ? LabelsView{set->labels, set->count} : LabelsView{};
}

Drops ReadDrops() {
  return Drops{
      .stack_table_full = StacksDroppedFull(),
      .live_map_full = UntrackedBlocks(),
      .no_thread_record = ThreadRecordsMissed(),
      .reentrant = StacksDroppedReentrant(),
      .lock_waits = LockWaitsMissed(),
      .contention_pairs = ContentionPairsMissed(),
      .no_timer = CpuThreadsRefused(),
      .no_module_record = ModulesNotRecorded(),
      .no_debug_frame = DebugFramesRefused(),
      .label_sets_full = LabelSetsRefused(),
      .foreign_threads = SignalsOnForeignThreads(),
  };
}

MemoryUse ReadMemoryUse() {
  return MemoryUse{
      .modules = ModuleHistoryBytes() + RuleCacheBytes() + DebugFrameBytes(),
      .stacks = g_store_pool.mapped(),
      .live_map = LiveMapBytes(),
      .threads = ThreadRecordBytes() + WalkMemoBytes(),
      .labels = LabelSetBytes(),
  };
}

uint64_t ReadStackBytes() {
  uint64_t bytes = 0;
  for (const ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    if (r->tid.load(std::memory_order_acquire) == 0) continue;
    bytes += ResidentStack(r->stack_low, r->stack_high);
  }
  return bytes;
}

}  // namespace pprofagent::hot
