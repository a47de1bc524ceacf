// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/lock_waiters.h"

#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

constinit LockSlot g_lock_slots[1u << kLockSlotBits] = {};

namespace {

enum SlotState : uint8_t { kFree, kHeld, kAbandoned };

// 4 MiB: 80,000 locks that are waited for at the same time.
constinit MappedPool g_pool(4096, size_t{4} << 20);
constinit std::atomic<uint64_t> g_missed{0};
constinit std::atomic<bool> g_used{false};
constinit BusyLock g_busy[1u << kLockSlotBits] = {};

BusyLock& BusyLockOf(const LockSlot* slot) { return g_busy[slot - g_lock_slots]; }
uintptr_t SeedOf(const LockSlot* slot) { return static_cast<uintptr_t>(slot - g_lock_slots); }

bool HasBusyLock(const LockSlot& slot) {
  return (slot.waiters.load(std::memory_order_relaxed) & kHasBusyLock) != 0;
}
bool IsBusy(const LockSlot& slot, const BusyLock& busy, const void* lock) {
  return HasBusyLock(slot) &&
         busy.lock.load(std::memory_order_relaxed) == reinterpret_cast<uintptr_t>(lock);
}

// Nobody who waited before is counted any more.
void StartAfresh(LockSlot* slot) {
  ++slot->generation;
  slot->waiters.store(0, std::memory_order_relaxed);
  BusyLockOf(slot).notes.store(nullptr, std::memory_order_relaxed);
  for (LockEntry* entry = &slot->entry; entry != nullptr; entry = entry->next) {
    entry->waiting = 0;
    entry->weight = 0;
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
LockEntry* FindOrMake(LockSlot* slot, uintptr_t lock) {
  if (LockEntry* entry = Find(slot, lock)) return entry;
  LockEntry* entry = FreeEntry(slot);
  if (entry == nullptr) return nullptr;
  entry->lock = lock;
  entry->start_sum = 0;
  entry->released_at = 0;
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

ShiftPlan PlanOf(const BusyLock& busy) {
  return ShiftPlan::Unpack(busy.plan.load(std::memory_order_relaxed));
}

// Whether one of those who wait for the lock counts more than itself.
bool HasWeightyWaiter(LockSlot* slot, const BusyLock& busy) {
  const LockEntry* entry = Find(slot, busy.lock.load(std::memory_order_relaxed));
  return entry != nullptr && entry->weight > entry->waiting;
}

// The lock is the slot's busy one as long as its waits are not all counted, and until those
// have left that count more.
void SetPlan(LockSlot* slot, const void* lock, uint32_t tick, const ShiftPlan& plan) {
  const uint32_t waiters = slot->waiters.load(std::memory_order_relaxed);
  const bool was_busy = (waiters & kHasBusyLock) != 0;
  BusyLock& busy = BusyLockOf(slot);
  const bool is_busy =
      plan.At(tick) != 0 || plan.after != 0 || (was_busy && HasWeightyWaiter(slot, busy));
  if (!was_busy && !is_busy) return;
  if (!was_busy) {
    busy.lock.store(reinterpret_cast<uintptr_t>(lock), std::memory_order_relaxed);
    busy.released_ns.store(CoarseNanos(), std::memory_order_relaxed);
  }
  busy.plan.store(plan.Pack(), std::memory_order_relaxed);
  slot->waiters.store(is_busy ? waiters | kHasBusyLock : waiters & ~kHasBusyLock,
                      std::memory_order_relaxed);
}

// One more wait for the lock, which is the slot's busy one, or the slot has none.
void CountWaitFor(LockSlot* slot, const void* lock, uint32_t tick) {
  ShiftPlan plan = HasBusyLock(*slot) ? PlanOf(BusyLockOf(slot)) : ShiftPlan{};
  if (CountWait(tick, &slot->count, &plan)) SetPlan(slot, lock, tick, plan);
}

LockNote* TakeLongNotes(BusyLock* busy) {
  return busy->notes.exchange(nullptr, std::memory_order_relaxed);
}

// Of somebody who was not counted.
LockWaitEnd EndPassedOver(const void* lock, const LockWait& wait) {
  LockWaitEnd end{.now_ns = CoarseNanos(), .notes = nullptr, .stands_for = 0};
  LockSlot* slot = &LockSlotOf(lock);
  BusyLock& busy = BusyLockOf(slot);
  if (busy.notes.load(std::memory_order_relaxed) != nullptr &&
      busy.lock.load(std::memory_order_relaxed) == reinterpret_cast<uintptr_t>(lock) &&
      Open(slot)) {
    end.notes = TakeLongNotes(&busy);
    Close(slot);
  }
  if (IsLongWait(wait.since_ns, end.now_ns)) {
    end.now_ns = MonotonicNanos();
    end.stands_for = 1;
  }
  return end;
}

}  // namespace

uint64_t JoinLockWaiters(const void* lock, LockWait* wait) {
  *wait = {};
  LockSlot* slot = &LockSlotOf(lock);
  BusyLock& busy = BusyLockOf(slot);
  uint32_t shift = 0;
  if (IsBusy(*slot, busy, lock)) [[unlikely]] {
    wait->since_ns = MonotonicNanos();
    const uint32_t tick = WaitTick(wait->since_ns);
    shift = PlanOf(busy).At(tick);
    wait->passed_over = !IsPicked(tick, shift, SeedOf(slot));
    if (wait->passed_over) return wait->since_ns;
  }
  if (!Open(slot)) return wait->since_ns = MonotonicNanos();
  if (!g_used.load(std::memory_order_relaxed)) g_used.store(true, std::memory_order_relaxed);
  if (shift != 0 && !IsBusy(*slot, busy, lock)) shift = 0;  // not any more
  LockEntry* entry = FindOrMake(slot, reinterpret_cast<uintptr_t>(lock));
  wait->since_ns = MonotonicNanos();
  if (entry != nullptr) {
    wait->weight = uint32_t{1} << shift;
    wait->generation = slot->generation;
    ++entry->waiting;
    entry->weight += wait->weight;
    entry->start_sum += wait->weight * Later(wait->since_ns, entry->released_at);
    CountWaiters(slot, 1);
    if (!HasBusyLock(*slot) || IsBusy(*slot, busy, lock)) {
      CountWaitFor(slot, lock, WaitTick(wait->since_ns));
    }
  } else {
    g_missed.fetch_add(1, std::memory_order_relaxed);
  }
  Close(slot);
  return wait->since_ns;
}

LockWaitEnd LeaveLockWaiters(const void* lock, const LockWait& wait) {
  if (wait.passed_over) return EndPassedOver(lock, wait);
  LockSlot* slot = &LockSlotOf(lock);
  // Not counted for want of memory or of the slot, it stands for itself all the same.
  const uint32_t weight = wait.weight != 0 ? wait.weight : 1;
  if (wait.weight == 0 || !Open(slot)) return {MonotonicNanos(), nullptr, weight};
  LockWaitEnd end{.now_ns = MonotonicNanos(), .notes = nullptr, .stands_for = weight};
  LockEntry* entry = Find(slot, reinterpret_cast<uintptr_t>(lock));
  if (entry != nullptr && wait.generation == slot->generation) {
    end.notes = entry->notes;
    entry->notes = nullptr;
    entry->start_sum -= wait.weight * Later(wait.since_ns, entry->released_at);
    entry->weight -= wait.weight;
    --entry->waiting;
    CountWaiters(slot, -1);
  }
  if (end.notes == nullptr && HasBusyLock(*slot)) end.notes = TakeLongNotes(&BusyLockOf(slot));
  Close(slot);
  // By the same clock as those that were passed over.
  if (wait.weight > 1 && IsLongWait(wait.since_ns, CoarseNanos())) end.stands_for = 1;
  return end;
}

ReleaseDuty DutyOfRelease(const void* lock, uint64_t* held_since_ns) {
  LockSlot* slot = &LockSlotOf(lock);
  const bool has_waiters = (slot->waiters.load(std::memory_order_relaxed) & ~kHasBusyLock) != 0;
  const ReleaseDuty usual = has_waiters ? ReleaseDuty::kCharge : ReleaseDuty::kNone;
  BusyLock& busy = BusyLockOf(slot);
  if (!IsBusy(*slot, busy, lock)) return usual;
  const uint64_t now = CoarseNanos();
  uint64_t before = busy.released_ns.load(std::memory_order_relaxed);
  // Of several readers that leave a lock one comes first.
  if (now == before ||
      !busy.released_ns.compare_exchange_strong(before, now, std::memory_order_relaxed)) {
    return usual;
  }
  if (Open(slot)) {
    const uint32_t tick = WaitTick(now);
    ShiftPlan plan = PlanOf(busy);
    if (CalmDown(tick, slot->count, &plan)) SetPlan(slot, lock, tick, plan);
    Close(slot);
  }
  // The last release was later than the clock said, by half of its tick on average.
  *held_since_ns = before + g_clock_tick_ns / 2;
  return now - before >= 2 * g_clock_tick_ns ? ReleaseDuty::kLongCharge : usual;
}

void ReleaseToWaiters(const void* lock, ChargeRelease charge, void* context) {
  LockSlot* slot = &LockSlotOf(lock);
  if (!Open(slot)) return;
  if (LockEntry* entry = Find(slot, reinterpret_cast<uintptr_t>(lock))) {
    const uint64_t now = MonotonicNanos();
    const uint64_t all_now = entry->weight * now;
    const uint64_t waited = all_now - entry->start_sum;
    entry->start_sum = all_now;
    entry->released_at = now;
    // Those that count more began to wait in the same tick, nearly always.
    const ReleaseCharge charged{waited, entry->weight / entry->waiting, now};
    if (LockNote* note = charge(context, charged)) {
      note->next = entry->notes;
      entry->notes = note;
    }
  }
  Close(slot);
}

void ReleaseAfterLongHold(const void* lock, uint64_t waited_ns, uint64_t now_ns,
                          ChargeRelease charge, void* context) {
  LockSlot* slot = &LockSlotOf(lock);
  if (!Open(slot)) return;
  if (LockEntry* entry = Find(slot, reinterpret_cast<uintptr_t>(lock))) {
    entry->start_sum = entry->weight * now_ns;
    entry->released_at = now_ns;
  }
  if (waited_ns != 0) {
    if (LockNote* note = charge(context, {waited_ns, 1, now_ns})) {
      BusyLock& busy = BusyLockOf(slot);
      note->next = TakeLongNotes(&busy);
      busy.notes.store(note, std::memory_order_relaxed);
    }
  }
  Close(slot);
}

void ResetLockWaiters() {
  if (!g_used.load(std::memory_order_relaxed)) return;
  for (LockSlot& slot : g_lock_slots) {
    StartAfresh(&slot);
    slot.count = {};
    slot.state.store(kFree, std::memory_order_relaxed);
  }
}

uint64_t LockWaitsMissed() { return g_missed.load(std::memory_order_relaxed); }

}  // namespace pprofagent::hot
