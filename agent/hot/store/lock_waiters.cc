// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/lock_waiters.h"

#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/rt/quick_clock.h"
#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

constinit LockSlot g_lock_slots[1u << kLockSlotBits] = {};
constinit BusyLock g_busy_locks[1u << kLockSlotBits] = {};

namespace {

enum SlotState : uint8_t { kFree, kHeld, kAbandoned };

// 4 MiB: 80,000 locks that are waited for at the same time.
constinit MappedPool g_pool(4096, size_t{4} << 20);
constinit std::atomic<uint64_t> g_missed{0};
constinit std::atomic<bool> g_used{false};

BusyLock& BusyLockOf(const LockSlot* slot) { return g_busy_locks[slot - g_lock_slots]; }

bool HasBusyLock(const LockSlot& slot) {
  return (slot.waiters.load(std::memory_order_relaxed) & kHasBusyLock) != 0;
}
bool IsBusy(const LockSlot& slot, const BusyLock& busy, const void* lock) {
  return HasBusyLock(slot) &&
         busy.lock.load(std::memory_order_relaxed) == reinterpret_cast<uintptr_t>(lock);
}

// Nobody who waited before is counted any more.
void StartAfresh(LockSlot* slot) {
  slot->waiters.store(0, std::memory_order_relaxed);
  BusyLockOf(slot).notes.store(nullptr, std::memory_order_relaxed);
  for (LockEntry* entry = &slot->entry; entry != nullptr; entry = entry->next) {
    entry->waiting = 0;
    entry->notes = nullptr;
  }
}

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// The last state seen; kFree: the slot is ours.
uint8_t TryFor(LockSlot* slot, int attempts) {
  constexpr int kSpins = 100;
  uint8_t seen = kFree;
  for (int i = 0; i < attempts; ++i) {
    seen = kFree;
    if (slot->state.compare_exchange_strong(seen, kHeld, std::memory_order_acquire,
                                            std::memory_order_relaxed) ||
        seen == kAbandoned) {
      return seen;
    }
    if (i < kSpins) {
      Pause();
    } else {
      RawSyscall(SYS_sched_yield);
    }
  }
  return seen;
}

bool TryOpen(LockSlot* slot) {
  constexpr int kAttempts = 300;
  for (;;) {
    uint8_t seen = TryFor(slot, kAttempts);
    if (seen == kFree) return true;
    if (seen == kAbandoned) return false;
    // Only who has said so may go without having been counted out.
    if (slot->state.compare_exchange_strong(seen, kAbandoned, std::memory_order_relaxed) ||
        seen == kAbandoned) {
      return false;
    }
  }
}

bool Open(LockSlot* slot) {
  if (TryOpen(slot)) return true;
  g_missed.fetch_add(1, std::memory_order_relaxed);
  return false;
}

// Who passed an abandoned slot over was not counted, or not counted out.
void Close(LockSlot* slot) {
  uint8_t held = kHeld;
  if (slot->state.compare_exchange_strong(held, kFree, std::memory_order_release,
                                          std::memory_order_relaxed)) {
    return;
  }
  StartAfresh(slot);
  slot->state.store(kFree, std::memory_order_release);
}

LockEntry* Find(LockSlot* slot, uintptr_t lock) {
  for (LockEntry* entry = &slot->entry; entry != nullptr; entry = entry->next) {
    if (entry->waiting != 0 && entry->lock == lock) return entry;
  }
  return nullptr;
}

LockEntry* FreeEntry(LockSlot* slot) {
  LockEntry* last = nullptr;
  for (LockEntry* entry = &slot->entry; entry != nullptr; entry = entry->next) {
    if (entry->waiting == 0) return entry;
    last = entry;
  }
  last->next = static_cast<LockEntry*>(g_pool.Allocate(sizeof(LockEntry)));
  return last->next;
}

// Null: no memory.
LockEntry* FindOrMake(LockSlot* slot, uintptr_t lock, uint64_t now_ns) {
  if (LockEntry* entry = Find(slot, lock)) return entry;
  LockEntry* entry = FreeEntry(slot);
  if (entry == nullptr) return nullptr;
  entry->lock = lock;
  entry->start_sum = 0;
  entry->released_at = now_ns;
  entry->generation = ++slot->generation;
  entry->notes = nullptr;
  return entry;
}

// Written under the slot's lock only, so that no locked addition is needed.
void CountWaiters(LockSlot* slot, int change) {
  const uint32_t waiters = slot->waiters.load(std::memory_order_relaxed);
  slot->waiters.store(waiters + static_cast<uint32_t>(change), std::memory_order_relaxed);
}

uint64_t Later(uint64_t a, uint64_t b) { return a > b ? a : b; }

// The slot's lock is held by whoever calls these.

void PushNote(LockNote* note, BusyLock* busy) {
  note->next = busy->notes.load(std::memory_order_relaxed);
  busy->notes.store(note, std::memory_order_relaxed);
}

// Those who wait are seen at the next look, which begins where the last charge ended.
void BecomeBusy(LockSlot* slot, uintptr_t lock, uint32_t events, uint64_t now_ns) {
  BusyLock& busy = BusyLockOf(slot);
  busy.lock.store(lock, std::memory_order_relaxed);
  busy.count = {SpanOf(now_ns), 0};
  busy.before = events;
  busy.shift.store(ShiftFor(events, 0), std::memory_order_relaxed);
  ScaleQuickClock();
  busy.step.store(CountsOfNanos(kLookStepNs), std::memory_order_relaxed);
  uint64_t looked = QuickCounts();
  if (LockEntry* entry = Find(slot, lock)) {
    looked -= CountsOfNanos(now_ns - entry->released_at);
    for (LockNote* note = entry->notes; note != nullptr;) {
      LockNote* const next = note->next;
      PushNote(note, &busy);
      note = next;
    }
    entry->notes = nullptr;
    CountWaiters(slot, -static_cast<int>(entry->waiting));
    entry->waiting = 0;
  }
  busy.looked.store(looked, std::memory_order_relaxed);
  slot->waiters.store(slot->waiters.load(std::memory_order_relaxed) | kHasBusyLock,
                      std::memory_order_relaxed);
}

// One more wait or charged release, in a slot without a busy lock. True: it has one now.
bool CountEvent(LockSlot* slot, uintptr_t lock, uint64_t now_ns) {
  uint32_t before = 0;
  const bool is_first = slot->events.Begin(QuarterOf(now_ns), &before);
  ++slot->events.events;
  if (!is_first || before <= kBusyEvents) return false;
  BecomeBusy(slot, lock, 4 * before, now_ns);
  return true;
}

// A release at which somebody waited, of those that are counted.
void CountContended(BusyLock* busy, uint32_t span, uint32_t threads) {
  const uint32_t shift = busy->shift.load(std::memory_order_relaxed);
  if (busy->count.Begin(span, &busy->before)) {
    busy->shift.store(ShiftFor(busy->before, threads), std::memory_order_relaxed);
  }
  busy->count.events += uint32_t{1} << shift;
}

LockNote* TakeNotes(const LockSlot* slot, const void* lock) {
  BusyLock& busy = BusyLockOf(slot);
  if (busy.lock.load(std::memory_order_relaxed) != reinterpret_cast<uintptr_t>(lock)) {
    return nullptr;
  }
  return busy.notes.exchange(nullptr, std::memory_order_relaxed);
}

// --- Without the slot's lock -----------------------------------------------------

// Of somebody who is not in an entry.
LockWaitEnd EndUncounted(LockSlot* slot, const void* lock, const LockWait& wait) {
  LockWaitEnd end{.now_ns = CoarseNanos(), .notes = nullptr, .stands_for = wait.stands_for};
  if (IsLongWait(wait.since_ns, end.now_ns)) end.stands_for = 1;
  if (end.stands_for != 0) end.now_ns = MonotonicNanos();
  if (BusyLockOf(slot).notes.load(std::memory_order_relaxed) != nullptr && Open(slot)) {
    end.notes = TakeNotes(slot, lock);
    Close(slot);
  }
  return end;
}

}  // namespace

uint64_t JoinLockWaiters(const void* lock, Random* random, LockWait* wait) {
  *wait = {.since_ns = 0, .generation = 0, .is_counted = false, .stands_for = 1};
  LockSlot* slot = &LockSlotOf(lock);
  const BusyLock& busy = BusyLockOf(slot);
  if (IsBusy(*slot, busy, lock)) {
    wait->stands_for = random->Next() % kWaitsAPick == 0 ? kWaitsAPick : 0;
    return wait->since_ns = MonotonicNanos();
  }
  if (!Open(slot)) return wait->since_ns = MonotonicNanos();
  if (!g_used.load(std::memory_order_relaxed)) g_used.store(true, std::memory_order_relaxed);
  wait->since_ns = MonotonicNanos();
  const auto address = reinterpret_cast<uintptr_t>(lock);
  const bool is_busy =
      HasBusyLock(*slot) ? IsBusy(*slot, busy, lock) : CountEvent(slot, address, wait->since_ns);
  if (is_busy) {
    // Only just.
  } else if (LockEntry* entry = FindOrMake(slot, address, wait->since_ns)) {
    wait->is_counted = true;
    wait->generation = entry->generation;
    ++entry->waiting;
    entry->start_sum += Later(wait->since_ns, entry->released_at);
    CountWaiters(slot, 1);
  } else {
    g_missed.fetch_add(1, std::memory_order_relaxed);
  }
  Close(slot);
  return wait->since_ns;
}

LockWaitEnd LeaveLockWaiters(const void* lock, const LockWait& wait) {
  LockSlot* slot = &LockSlotOf(lock);
  if (!wait.is_counted) return EndUncounted(slot, lock, wait);
  if (!Open(slot)) return {MonotonicNanos(), nullptr, 1};
  LockWaitEnd end{.now_ns = MonotonicNanos(), .notes = nullptr, .stands_for = 1};
  LockEntry* entry = Find(slot, reinterpret_cast<uintptr_t>(lock));
  if (entry != nullptr && wait.generation == entry->generation) {
    end.notes = entry->notes;
    entry->notes = nullptr;
    entry->start_sum -= Later(wait.since_ns, entry->released_at);
    --entry->waiting;
    CountWaiters(slot, -1);
  }
  if (end.notes == nullptr) end.notes = TakeNotes(slot, lock);
  Close(slot);
  return end;
}

void ReleaseToWaiters(const void* lock, ChargeRelease charge, void* context) {
  LockSlot* slot = &LockSlotOf(lock);
  if (!Open(slot)) return;
  if (LockEntry* entry = Find(slot, reinterpret_cast<uintptr_t>(lock))) {
    const uint64_t now = MonotonicNanos();
    const uint64_t all_now = entry->waiting * now;
    const uint64_t waited = all_now - entry->start_sum;
    entry->start_sum = all_now;
    entry->released_at = now;
    if (LockNote* note = charge(context, {waited, now})) {
      note->next = entry->notes;
      entry->notes = note;
    }
    if (!HasBusyLock(*slot)) CountEvent(slot, entry->lock, now);
  }
  Close(slot);
}

LockLook BeginLook(const void* lock, uint32_t duty) {
  BusyLock& busy = BusyLockOf(lock);
  LockLook look{.now_ns = MonotonicNanos(), .from_ns = 0, .step_ns = 0, .steps = 0};
  const uint64_t step = busy.step.load(std::memory_order_relaxed);
  // Nothing orders the first step before what says that the lock is busy.
  if ((duty & kLook) == 0 || step == 0) return look;
  const uint64_t now = QuickCounts();
  uint64_t looked = busy.looked.load(std::memory_order_relaxed);
  const uint64_t passed = now - looked;
  const bool is_back = static_cast<int64_t>(passed) < 0;
  const uint64_t steps = is_back ? 0 : passed / step;
  const uint64_t next = is_back ? now : looked + steps * step;
  // Of several readers that leave a lock one is charged.
  if (busy.looked.compare_exchange_strong(looked, next, std::memory_order_relaxed)) {
    look.from_ns = look.now_ns - NanosOfCounts(passed);
    look.step_ns = NanosOfCounts(step);
    look.steps = steps;
  }
  return look;
}

bool EndLook(const void* lock, uint32_t duty, const LockLookEnd& end) {
  LockSlot* slot = &LockSlotOf(lock);
  if (!Open(slot)) return false;
  BusyLock& busy = BusyLockOf(slot);
  const bool is_busy = IsBusy(*slot, busy, lock);
  if (is_busy) {
    const uint32_t now = SpanOf(MonotonicNanos());
    if ((duty & kCount) != 0 && end.anybody_waits) CountContended(&busy, now, end.threads);
    const uint64_t step_ns = kLookStepNs + end.threads * kLookStepNsAThread;
    busy.step.store(CountsOfNanos(step_ns), std::memory_order_relaxed);
    if (end.note != nullptr) PushNote(end.note, &busy);
    if (!end.anybody_waits && IsCalm(busy.count, busy.before, now)) {
      slot->waiters.store(slot->waiters.load(std::memory_order_relaxed) & ~kHasBusyLock,
                          std::memory_order_relaxed);
    }
  }
  Close(slot);
  return is_busy;
}

void ResetLockWaiters() {
  if (!g_used.load(std::memory_order_relaxed)) return;
  for (LockSlot& slot : g_lock_slots) {
    StartAfresh(&slot);
    slot.state.store(kFree, std::memory_order_relaxed);
  }
}

uint64_t LockWaitsMissed() { return g_missed.load(std::memory_order_relaxed); }

}  // namespace pprofagent::hot
