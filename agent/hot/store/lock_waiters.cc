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

// Nobody who waited before is counted any more.
void StartAfresh(LockSlot* slot) {
  ++slot->generation;
  slot->waiters.store(0, std::memory_order_relaxed);
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

}  // namespace

uint64_t JoinLockWaiters(const void* lock, LockWait* wait) {
  wait->is_counted = false;
  LockSlot* slot = &LockSlotOf(lock);
  if (!Open(slot)) return wait->since_ns = MonotonicNanos();
  if (!g_used.load(std::memory_order_relaxed)) g_used.store(true, std::memory_order_relaxed);
  LockEntry* entry = FindOrMake(slot, reinterpret_cast<uintptr_t>(lock));
  wait->since_ns = MonotonicNanos();
  if (entry != nullptr) {
    ++entry->waiting;
    entry->start_sum += Later(wait->since_ns, entry->released_at);
    CountWaiters(slot, 1);
    wait->generation = slot->generation;
    wait->is_counted = true;
  } else {
    g_missed.fetch_add(1, std::memory_order_relaxed);
  }
  Close(slot);
  return wait->since_ns;
}

uint64_t LeaveLockWaiters(const void* lock, const LockWait& wait, LockNote** notes) {
  *notes = nullptr;
  if (!wait.is_counted) return MonotonicNanos();
  LockSlot* slot = &LockSlotOf(lock);
  if (!Open(slot)) return MonotonicNanos();
  const uint64_t now = MonotonicNanos();
  LockEntry* entry = Find(slot, reinterpret_cast<uintptr_t>(lock));
  if (entry != nullptr && wait.generation == slot->generation) {
    *notes = entry->notes;
    entry->notes = nullptr;
    entry->start_sum -= Later(wait.since_ns, entry->released_at);
    --entry->waiting;
    CountWaiters(slot, -1);
  }
  Close(slot);
  return now;
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
    if (LockNote* note = charge(context, waited, now)) {
      note->next = entry->notes;
      entry->notes = note;
    }
  }
  Close(slot);
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
