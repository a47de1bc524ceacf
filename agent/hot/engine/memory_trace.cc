// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/memory_trace.h"

#include <atomic>

#include "agent/hot/controls.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/spin_lock.h"
#include "agent/hot/store/heap_buckets.h"

namespace pprofagent::hot {

namespace {

constexpr int64_t kLeastGoal = int64_t{4} << 20;
constexpr uint64_t kShortestNs = 10'000'000;

constinit std::atomic<bool> g_tracing{false};

// Since the process began.
constinit std::atomic<uint64_t> g_allocated_objects{0};
constinit std::atomic<uint64_t> g_allocated_bytes{0};
constinit std::atomic<uint64_t> g_freed_objects{0};
constinit std::atomic<int64_t> g_live{0};
// The most in use in the running cycle.
constinit std::atomic<int64_t> g_peak{0};
// The bytes allocated with which the running cycle is to end.
constinit std::atomic<uint64_t> g_end_at{kLeastGoal};
// They have been.
constinit std::atomic<bool> g_goal_reached{false};

constinit SpinLock g_lock;

// Under the lock.

// As the running cycle began.
struct Beginning {
  uint64_t time_ns;
  uint64_t allocated_objects;
  uint64_t allocated_bytes;
  uint64_t freed_objects;
  int64_t live;
};
constinit Beginning g_beginning{};
constinit uint64_t g_cycles = 0;
constinit MemoryCycle g_ended{};
constinit std::atomic<bool> g_has_ended{false};

int64_t Goal(int64_t live) { return live > kLeastGoal ? live : kLeastGoal; }

void Raise(std::atomic<int64_t>* peak, int64_t value) {
  int64_t seen = peak->load(std::memory_order_relaxed);
  while (seen < value && !peak->compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

int64_t Objects(uint64_t fixed_point) {
  return static_cast<int64_t>(fixed_point >> kObjectFractionBits);
}

// Samples taken and given back by several threads at the same time may leave
// less than nothing for a moment.
int64_t Live() {
  const int64_t live = g_live.load(std::memory_order_relaxed);
  return live > 0 ? live : 0;
}

Beginning BeginningNow(uint64_t now_ns) {
  return {now_ns, g_allocated_objects.load(std::memory_order_relaxed),
          g_allocated_bytes.load(std::memory_order_relaxed),
          g_freed_objects.load(std::memory_order_relaxed), Live()};
}

void Begin(const Beginning& beginning) {
  g_beginning = beginning;
  g_peak.store(beginning.live, std::memory_order_relaxed);
  g_end_at.store(beginning.allocated_bytes + static_cast<uint64_t>(Goal(beginning.live)),
                 std::memory_order_relaxed);
  g_goal_reached.store(false, std::memory_order_relaxed);
}

// The cycle that runs becomes the one that has ended, and the next begins.
void Turn(uint64_t now_ns, bool forced) {
  const Beginning next = BeginningNow(now_ns);
  g_ended = MemoryCycle{
      .number = ++g_cycles,
      .begin_ns = static_cast<int64_t>(g_beginning.time_ns),
      .end_ns = static_cast<int64_t>(now_ns),
      .allocated_objects = Objects(next.allocated_objects) - Objects(g_beginning.allocated_objects),
      .freed_objects = Objects(next.freed_objects) - Objects(g_beginning.freed_objects),
      .allocated_bytes = static_cast<int64_t>(next.allocated_bytes - g_beginning.allocated_bytes),
      .live_before = g_beginning.live,
      .live_peak = g_peak.load(std::memory_order_relaxed),
      .live_after = next.live,
      .goal_bytes = Goal(next.live),
      .forced = forced,
  };
  Begin(next);
  g_has_ended.store(true, std::memory_order_release);
}

// With a sampled block coming or going.
void EndIfReached() {
  if (!g_goal_reached.load(std::memory_order_relaxed) ||
      g_has_ended.load(std::memory_order_relaxed) || IsSandboxed()) {
    return;
  }
  if (!g_lock.TryLock()) return;
  const uint64_t now_ns = MonotonicNanos();
  const bool may_end = g_goal_reached.load(std::memory_order_relaxed) &&
                       !g_has_ended.load(std::memory_order_relaxed) &&
                       now_ns - g_beginning.time_ns >= kShortestNs;
  if (may_end) Turn(now_ns, false);
  g_lock.Unlock();
  if (may_end) MakeRequest(kRequestHelper);
}

}  // namespace

void StartMemoryTrace() {
  Begin(BeginningNow(MonotonicNanos()));
  g_tracing.store(true, std::memory_order_relaxed);
}

void TraceAllocated(uint64_t objects, uint64_t bytes) {
  if (!g_tracing.load(std::memory_order_relaxed)) [[likely]]
    return;
  // The block belongs to the next cycle.
  EndIfReached();
  g_allocated_objects.fetch_add(objects, std::memory_order_relaxed);
  const auto added = static_cast<int64_t>(bytes);
  Raise(&g_peak, g_live.fetch_add(added, std::memory_order_relaxed) + added);
  const uint64_t total = g_allocated_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (total >= g_end_at.load(std::memory_order_relaxed)) {
    g_goal_reached.store(true, std::memory_order_relaxed);
  }
}

void TraceFreed(uint64_t objects, uint64_t bytes) {
  if (!g_tracing.load(std::memory_order_relaxed)) [[likely]]
    return;
  g_freed_objects.fetch_add(objects, std::memory_order_relaxed);
  g_live.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  EndIfReached();
}

bool TakeEndedCycle(MemoryCycle* cycle) {
  if (!g_has_ended.load(std::memory_order_acquire) || !g_lock.TryLock()) return false;
  const bool has_ended = g_has_ended.load(std::memory_order_relaxed);
  if (has_ended) *cycle = g_ended;
  g_has_ended.store(false, std::memory_order_relaxed);
  g_lock.Unlock();
  return has_ended;
}

bool EndCycle(bool forced) {
  if (!g_tracing.load(std::memory_order_relaxed) || !g_lock.TryLock()) return false;
  const bool may_end = !g_has_ended.load(std::memory_order_relaxed);
  if (may_end) Turn(MonotonicNanos(), forced);
  g_lock.Unlock();
  return may_end;
}

void MemoryReleased() {
  if (!IsSandboxed() && EndCycle(true)) MakeRequest(kRequestHelper);
}

void ResetMemoryTraceInChild() {
  g_lock.Reset();
  g_cycles = 0;
  Begin(BeginningNow(MonotonicNanos()));
  g_has_ended.store(false, std::memory_order_relaxed);
}

}  // namespace pprofagent::hot
