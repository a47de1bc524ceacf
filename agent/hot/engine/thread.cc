// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/thread.h"

#include <limits.h>
#include <sys/resource.h>

#include <atomic>

#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/cpu.h"
#include "agent/hot/engine/requests.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/store/creation_buckets.h"

namespace pprofagent::hot {

struct ThreadStart {
  std::atomic<bool> taken;
  void* (*start)(void*);
  void* argument;
  size_t stack_bytes;
  size_t guard_bytes;
  int32_t creator_tid;
  const StackRecord* created_by;
  uint32_t labels;
};

namespace {

// Threads between pthread_create and their first instruction; more than a few
// at a time are rare. Slots are reused; further blocks of them are only ever
// added.
constexpr int kSlots = 64;
struct StartBlock {
  std::atomic<StartBlock*> next;
  ThreadStart slots[kSlots];
};
constinit StartBlock g_first_block = {};
constinit MappedPool g_pool(4096, size_t{4} << 20);

constinit pthread_key_t g_exit_key = 0;
constinit std::atomic<bool> g_started{false};
constinit std::atomic<bool> g_has_threads{false};
// The program's threads whose end will be seen.
constinit std::atomic<int32_t> g_watched_threads{0};
constinit size_t g_default_stack_bytes = 0;

ThreadStart* TakeSlot() {
  for (StartBlock* block = &g_first_block;;) {
    for (ThreadStart& slot : block->slots) {
      if (!slot.taken.load(std::memory_order_relaxed) &&
          !slot.taken.exchange(true, std::memory_order_acquire)) {
        return &slot;
      }
    }
    StartBlock* next = block->next.load(std::memory_order_acquire);
    if (next == nullptr) {
      auto* fresh = static_cast<StartBlock*>(g_pool.Allocate(sizeof(StartBlock)));
      if (fresh == nullptr) return nullptr;
      if (block->next.compare_exchange_strong(next, fresh, std::memory_order_acq_rel)) next = fresh;
    }
    block = next;
  }
}

void OnThreadExit(void* round) {
  const auto rounds_left = reinterpret_cast<uintptr_t>(round);
  if (rounds_left > 1) {
    pthread_setspecific(g_exit_key, reinterpret_cast<void*>(rounds_left - 1));
    return;
  }
  const Guard guard;
  if (ThreadRecord* record = t_state.record) CpuThreadEnds(record);
  ReleaseCurrentRecord();
  const int32_t left = g_watched_threads.fetch_sub(1) - 1;
  // The next one it makes is its first again; it may have begun just now.
  if (left == 1) {
    g_has_threads.store(false);
    if (g_watched_threads.load() > 1) g_has_threads.store(true);
  }
  if (left == 0) RetireHelper();
}

void WatchForExit() {
  if (!t_state.watched) g_watched_threads.fetch_add(1);
  t_state.watched = true;
  pthread_setspecific(g_exit_key, reinterpret_cast<void*>(PTHREAD_DESTRUCTOR_ITERATIONS));
}

// The part of the stack that is certainly mapped. At its upper end libc keeps
// the thread's descriptor, which pthread_self points to; the descriptor and
// what lies between it and us belong to the stack's own size, as does the guard.
void SetStackBounds(ThreadRecord* record, const ThreadStart& start) {
  constexpr size_t kSlack = 16384;
  const auto descriptor = static_cast<uintptr_t>(pthread_self());
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (here >= descriptor || start.stack_bytes == 0) return;
  const size_t taken = (descriptor - here) + start.guard_bytes + kSlack;
  if (start.stack_bytes <= taken) return;
  record->stack_low = here - (start.stack_bytes - taken);
  record->stack_high = descriptor;
}

// Of threads made under a guard, by the agent, nothing is noted.
void SetCreator(ThreadStart* slot, const Registers& caller) {
  slot->creator_tid = 0;
  slot->created_by = nullptr;
  slot->labels = 0;
  if (t_state.guard > 0 || IsSandboxed()) return;
  const Guard guard;
  if (const ThreadRecord* record = CurrentRecord()) {
    slot->creator_tid = record->tid.load(std::memory_order_relaxed);
    slot->created_by = CaptureHookStack(caller);
    slot->labels = record->labels.load(std::memory_order_relaxed);
  }
}

void SetStackSize(ThreadStart* slot, const pthread_attr_t& attributes) {
  size_t bytes = 0;
  if (pthread_attr_getstacksize(&attributes, &bytes) == 0 && bytes != 0) slot->stack_bytes = bytes;
  pthread_attr_getguardsize(&attributes, &slot->guard_bytes);
}

// The program may have asked for another default (pthread_setattr_default_np).
void SetDefaultStackSize(ThreadStart* slot) {
  const Guard guard;
  pthread_attr_t attributes;
  if (pthread_getattr_default_np(&attributes) != 0) return;
  SetStackSize(slot, attributes);
  pthread_attr_destroy(&attributes);
}

void CountCreation(const StackRecord* created_by) {
  if (created_by == nullptr) return;
  if (CreationBucket* bucket = FindCreationBucket(created_by)) {
    bucket->threads.fetch_add(1, std::memory_order_relaxed);
  } else {
    CountStoreFull();
  }
}

}  // namespace

bool StartThreadEngine() {
  if (pthread_key_create(&g_exit_key, OnThreadExit) != 0) return false;
  // What libc gives a thread whose creator asked for nothing: the stack limit
  // at program start. A smaller figure is safe: it is a bound.
  rlimit limit{};
  constexpr size_t kAtMost = size_t{2} << 20;
  if (!IsSyscallError(RawSyscall(SYS_prlimit64, 0, RLIMIT_STACK, nullptr, &limit))) {
    g_default_stack_bytes = limit.rlim_cur < kAtMost ? limit.rlim_cur : kAtMost;
  }
  g_started.store(true, std::memory_order_release);
  return true;
}

void FollowThisThread() {
  if (g_started.load(std::memory_order_acquire)) WatchForExit();
  if (ThreadRecord* record = CurrentRecord()) CpuThreadBegins(record);
}

bool ProgramHasThreads() {
  return g_has_threads.load(std::memory_order_relaxed) &&
         g_watched_threads.load(std::memory_order_relaxed) > 0;
}

void ResetThreadsInChild() {
  g_has_threads.store(false, std::memory_order_relaxed);
  g_watched_threads.store(t_state.watched ? 1 : 0, std::memory_order_relaxed);
  for (StartBlock* b = &g_first_block; b != nullptr; b = b->next.load(std::memory_order_relaxed)) {
    for (ThreadStart& slot : b->slots) slot.taken.store(false, std::memory_order_relaxed);
  }
}

void ThreadCreationBegins() {
  if (t_state.guard > 0) return;
  if (!g_has_threads.exchange(true, std::memory_order_relaxed)) StartHelperForThreads();
}

ThreadStart* PrepareThread(void* (*start)(void*), void* argument, const pthread_attr_t* attributes,
                           const Registers& caller) {
  if (!g_started.load(std::memory_order_acquire)) return nullptr;
  ThreadStart* slot = TakeSlot();
  if (slot == nullptr) return nullptr;
  slot->start = start;
  slot->argument = argument;
  slot->stack_bytes = g_default_stack_bytes;
  slot->guard_bytes = 4096;
  SetCreator(slot, caller);
  if (attributes != nullptr) {
    SetStackSize(slot, *attributes);
  } else {
    SetDefaultStackSize(slot);
  }
  return slot;
}

void AbandonThread(ThreadStart* start) { start->taken.store(false, std::memory_order_release); }

ThreadEntry EnterThread(ThreadStart* start) {
  const ThreadEntry entry{start->start, start->argument};
  {
    const Guard guard;
    // In a sandbox it gets no record: that takes system calls.
    if (ThreadRecord* record = CurrentRecord()) {
      record->start_routine = reinterpret_cast<uintptr_t>(entry.start);
      record->creator_tid = start->creator_tid;
      record->created_by = start->created_by;
      record->labels.store(start->labels, std::memory_order_relaxed);
      record->handle = static_cast<uintptr_t>(pthread_self());
      SetStackBounds(record, *start);
      CpuThreadBegins(record);
    }
    WatchForExit();
    g_has_threads.store(true);
    CountCreation(start->created_by);
  }
  AbandonThread(start);
  return entry;
}

}  // namespace pprofagent::hot
