// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/thread_state.h"

#include <sys/resource.h>

#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/spin_lock.h"

// The stack pointer at process entry, kept by the loader.
extern "C" void* __libc_stack_end __attribute__((weak));

namespace pprofagent::hot {

constinit thread_local ThreadState t_state{};

namespace {

// 64k threads' records; what a program with more threads loses is counted.
constinit MappedPool g_pool(size_t{256} << 10, (size_t{1} << 16) * sizeof(ThreadRecord));
constinit std::atomic<ThreadRecord*> g_first{nullptr};
constinit std::atomic<uint64_t> g_missed{0};
// Held while a record is looked for and made, so that a thread and the helper
// that lists all threads cannot make two for the same one.
constinit SpinLock g_making;

ThreadRecord* TakeFree(int32_t tid) {
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    int32_t expected = 0;
    if (r->tid.load(std::memory_order_relaxed) == 0 &&
        r->tid.compare_exchange_strong(expected, tid, std::memory_order_acq_rel)) {
      return r;
    }
  }
  return nullptr;
}

ThreadRecord* Make(int32_t tid) {
  auto* record = static_cast<ThreadRecord*>(g_pool.Allocate(sizeof(ThreadRecord)));
  if (record == nullptr) return nullptr;
  record->tid.store(tid, std::memory_order_relaxed);
  ThreadRecord* head = g_first.load(std::memory_order_relaxed);
  do {
    record->next = head;
  } while (!g_first.compare_exchange_weak(head, record, std::memory_order_release,
                                          std::memory_order_relaxed));
  return record;
}

void Reset(ThreadRecord* record) {
  record->random.Seed(MonotonicNanos() ^ reinterpret_cast<uintptr_t>(record) ^
                      (static_cast<uint64_t>(record->tid.load(std::memory_order_relaxed)) << 40));
  record->heap_rate = 0;
  record->cpu_session.store(0, std::memory_order_relaxed);
  record->cpu_expirations.store(0, std::memory_order_relaxed);
  record->by_perf.store(false, std::memory_order_relaxed);
  record->stack_low = record->stack_high = 0;
  record->start_routine = 0;
  record->creator_tid = 0;
  record->created_by = nullptr;
  record->labels.store(0, std::memory_order_relaxed);
  record->handle = 0;
  record->parked.End();
  record->signal_frames_busy.store(false, std::memory_order_relaxed);
}

// The main thread's stack is one mapping that grows down to the limit; nothing
// else is ever placed in that range.
void SetMainStackBounds(ThreadRecord* record) {
  if (&__libc_stack_end == nullptr) return;
  rlimit limit{};
  if (IsSyscallError(RawSyscall(SYS_prlimit64, 0, RLIMIT_STACK, nullptr, &limit))) return;
  constexpr uintptr_t kMost = uintptr_t{64} << 20;
  const uintptr_t size = limit.rlim_cur < kMost ? limit.rlim_cur : kMost;
  record->stack_high = reinterpret_cast<uintptr_t>(__libc_stack_end);
  record->stack_low = record->stack_high - size;
}

ThreadRecord* Acquire(int32_t tid) {
  ThreadRecord* record = TakeFree(tid);
  if (record == nullptr) record = Make(tid);
  if (record == nullptr) {
    g_missed.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  Reset(record);
  if (tid == RawSyscall(SYS_getpid)) SetMainStackBounds(record);
  return record;
}

ThreadRecord* Find(int32_t tid) {
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    if (r->tid.load(std::memory_order_acquire) == tid) return r;
  }
  return nullptr;
}

void ReleaseRecord(ThreadRecord* record) {
  record->cpu_session.store(0, std::memory_order_relaxed);
  record->tid.store(0, std::memory_order_release);
}

}  // namespace

int32_t CurrentThreadId() { return static_cast<int32_t>(RawSyscall(SYS_gettid)); }

ThreadRecord* FirstRecord() { return g_first.load(std::memory_order_acquire); }

ThreadRecord* RecordOf(int32_t tid) {
  if (!g_making.TryLock()) {
    g_missed.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  ThreadRecord* record = Find(tid);
  if (record == nullptr) record = Acquire(tid);
  g_making.Unlock();
  return record;
}

ThreadRecord* CurrentRecord() {
  if (t_state.record != nullptr) return t_state.record;
  if (t_state.finished || IsSandboxed()) return nullptr;
  t_state.record = RecordOf(CurrentThreadId());
  return t_state.record;
}

void ReleaseRecordOf(int32_t tid, ThreadRecord* record) {
  record->tid.compare_exchange_strong(tid, 0, std::memory_order_acq_rel);
}

void ReleaseCurrentRecord() {
  ThreadRecord* record = t_state.record;
  t_state.finished = true;
  t_state.record = nullptr;
  if (record != nullptr) ReleaseRecord(record);
}

void KeepOnlyCurrentRecord() {
  g_making.Reset();
  ThreadRecord* own = t_state.record;
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    // The helper's descriptors were not inherited.
    r->perf_event.store(0, std::memory_order_relaxed);
    r->by_perf.store(false, std::memory_order_relaxed);
    if (r == own) {
      r->tid.store(CurrentThreadId(), std::memory_order_relaxed);
      r->cpu_session.store(0, std::memory_order_relaxed);
      r->random.Seed(MonotonicNanos() ^ static_cast<uint64_t>(CurrentThreadId()));
    } else if (r->tid.load(std::memory_order_relaxed) != 0) {
      ReleaseRecord(r);
    }
  }
}

uint64_t ThreadRecordsMissed() { return g_missed.load(std::memory_order_relaxed); }
uint64_t ThreadRecordBytes() { return g_pool.mapped(); }

}  // namespace pprofagent::hot
