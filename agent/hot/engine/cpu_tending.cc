// SPDX-License-Identifier: Apache-2.0
//
// What the helper does for a CPU session that runs, every so often: see
// TendCpuThreads in cpu.h.
#include <atomic>

#include "agent/hot/controls.h"
#include "agent/hot/engine/cpu.h"
#include "agent/hot/engine/cpu_arming.h"
#include "agent/hot/engine/perf_event.h"
#include "agent/hot/engine/requests.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/task_list.h"

namespace pprofagent::hot {

namespace {

constinit std::atomic<bool> g_perf_wanted{false};
// The errno of the last refusal.
constinit std::atomic<int> g_refusal{0};
constinit std::atomic<bool> g_kernel_time{true};

// A thread that had this much CPU time and none of the event's signals blocks
// them, or spends its time in the kernel, of which the event may know nothing.
constexpr uint64_t kSilentNanos = 500'000'000;

struct Counts {
  uint64_t armed;
  uint64_t by_perf;
};

Counts Count(uint32_t session) {
  Counts counts{};
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    if (r->cpu_session.load(std::memory_order_relaxed) != session) continue;
    ++counts.armed;
    counts.by_perf += r->by_perf.load(std::memory_order_relaxed) ? 1 : 0;
  }
  return counts;
}

// Events whose thread or session is over. New owners of a record have cleared
// by_perf.
void CloseStaleEvents(uint32_t session) {
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    const int event = r->perf_event.load(std::memory_order_relaxed);
    if (event == 0) continue;
    const uint32_t own = r->cpu_session.load(std::memory_order_acquire);
    if (own == kCpuArming || (own == session && session != 0 && r->by_perf.load())) continue;
    ClosePerfEvent(event - 1);
    r->perf_event.store(0, std::memory_order_relaxed);
  }
}

// Between the two the record is nobody's else: a thread that ends waits.
bool Take(ThreadRecord* record, uint32_t session) {
  return record->cpu_session.compare_exchange_strong(session, kCpuArming);
}
void GiveBack(ThreadRecord* record, uint32_t session) {
  record->cpu_session.store(session);
  if (!IsCpuSession(session)) DisarmCpuTimer(record, session);
}

void MoveToEvent(ThreadRecord* record, uint32_t session) {
  if (!Take(record, session)) return;
  const int32_t tid = record->tid.load(std::memory_order_relaxed);
  const PerfEvent event = OpenPerfEvent(tid, CpuPeriod(), CpuEngineSignal());
  if (event.descriptor >= 0) {
    if (!event.kernel_time) g_kernel_time.store(false, std::memory_order_relaxed);
    DeleteCpuTimer(record);
    record->perf_last_seen = record->cpu_expirations.load(std::memory_order_relaxed);
    record->perf_event.store(event.descriptor + 1, std::memory_order_relaxed);
    record->by_perf.store(true);
  } else {
    record->perf_unfit = true;
    g_refusal.store(-event.descriptor, std::memory_order_relaxed);
  }
  GiveBack(record, session);
  if (event.descriptor >= 0) EnablePerfEvent(event.descriptor);
}

void MoveToTimer(ThreadRecord* record, uint32_t session) {
  if (!Take(record, session)) return;
  ClosePerfEvent(record->perf_event.exchange(0) - 1);
  record->by_perf.store(false);
  record->perf_unfit = true;
  if (ReplaceCpuTimer(record)) {
    GiveBack(record, session);
  } else {
    // It has nothing left that anybody would have to delete.
    record->cpu_session.store(0);
  }
}

bool IsSilent(ThreadRecord* record) {
  const uint64_t seen = record->cpu_expirations.load(std::memory_order_relaxed);
  const bool moved = seen != record->perf_last_seen;
  record->perf_last_seen = seen;
  return !moved && MissingCpuExpirations(record) * CpuPeriod() >= kSilentNanos;
}

void TendEvents(uint32_t session) {
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    if (r->cpu_session.load(std::memory_order_relaxed) != session) continue;
    if (r->by_perf.load(std::memory_order_relaxed)) {
      if (IsSilent(r)) MoveToTimer(r, session);
    } else if (!r->perf_unfit) {
      MoveToEvent(r, session);
    }
  }
}

}  // namespace

void WantPerfEvents(bool wanted) { g_perf_wanted.store(wanted, std::memory_order_relaxed); }

bool PerfEventsWanted() { return g_perf_wanted.load(std::memory_order_relaxed); }

void TendCpuThreads() {
  if (IsSandboxed() || !IsHelperThread(CurrentThreadId())) return;
  const uint32_t session = RunningCpuSession();
  // The helper, and the thread it may have beside it, have no timers.
  const uint64_t agent_tasks = HelperCompanion() != 0 ? 2 : 1;
  if (session != 0 && CountTasks() > Count(session).armed + agent_tasks) ArmAllTasks(session);
  if (!HelperHasOwnDescriptors()) return;
  CloseStaleEvents(session);
  if (session != 0 && PerfEventsWanted()) TendEvents(session);
}

PerfUse ReadPerfUse() {
  return PerfUse{
      .wanted = PerfEventsWanted(),
      .threads = Count(RunningCpuSession()).by_perf,
      .kernel_time = g_kernel_time.load(std::memory_order_relaxed),
      .refusal = g_refusal.load(std::memory_order_relaxed),
  };
}

}  // namespace pprofagent::hot
