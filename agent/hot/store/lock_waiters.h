// SPDX-License-Identifier: Apache-2.0
//
// Who waits for which lock, as far as an unlocker needs to know: how long all of
// them together have been waiting because of it.
//
// The sum in O(1). Of each lock that somebody waits for there is an entry with
// the number n of waiters and the sum S of the moments at which they began. At
// the moment t they have waited n*t - S together. Whoever releases the lock is
// charged with that, and S becomes n*t: all begin anew, so nothing is charged
// twice. A waiter that leaves takes its moment (its own beginning, or the last
// release if that was later) out of the sum. Held for 1 s with 5 waiters: the
// releaser is charged with 5 s.
// Arithmetic is modulo 2^64; what is read from it is small.
//
// Shape: 1024 slots, one cache line each, chosen by the lock's address. A slot
// counts the waiters of all its locks, which is the only thing an uncontended
// unlock looks at: one load of a line that nobody writes unless somebody waits.
// The slot holds one entry; further locks that collide while both are waited for
// get entries from a pool, chained to the slot and used again.
//
// Writers: waiters and releasers, in their calls, under the slot's own lock, for
// some twenty instructions and a reading of the clock, which is made under the
// lock so that moments are in order. Memory is the agent's own: the program's
// lock is never touched, and its address not after the release.
//
// A busy lock, waited for ten thousands of times a second, would be slowed down
// by all this: it is looked at part of the time (busy_lock.h). Its waits then
// count 2^n times, or not at all; n above is the sum of what they count.
//
// Nobody waits for ever. Who cannot get a slot's lock (its holder was suspended,
// or left by a longjmp out of a handler) gives up after some hundred yields and
// marks the slot abandoned: everybody passes it over until the holder, if it
// comes back, starts it afresh. The generation tells waiters of before that they
// are not counted any more. What is lost is counted.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/store/busy_lock.h"

namespace pprofagent::hot {

// Something a releaser leaves at an entry for the next waiter that leaves it.
struct LockNote {
  LockNote* next;
};

struct LockEntry {
  uintptr_t lock;
  uint64_t start_sum;    // S
  uint64_t released_at;  // the last release that was charged
  uint32_t waiting;      // waiters; 0: the entry is free
  uint32_t weight;       // n: what they count
  LockNote* notes;
  LockEntry* next;
};

struct alignas(64) LockSlot {
  // Besides, kHasBusyLock.
  std::atomic<uint32_t> waiters;
  std::atomic<uint8_t> state;
  uint16_t generation;
  LockEntry entry;
  WaitCount count;
};
static_assert(sizeof(LockSlot) == 64, "one cache line");

inline constexpr unsigned kLockSlotBits = 10;
extern constinit LockSlot g_lock_slots[1u << kLockSlotBits] __attribute__((visibility("hidden")));

// Locks of an array lie 40 or 48 bytes apart, and structures with a lock in them
// often powers of two: both spread.
inline LockSlot& LockSlotOf(const void* lock) {
  const auto address = reinterpret_cast<uintptr_t>(lock);
  constexpr uintptr_t kLast = (uintptr_t{1} << kLockSlotBits) - 1;
  // (address >> 3 ^ address >> 12) times the size of a slot.
  const uintptr_t offset = ((address << 3) ^ (address >> 6)) & (kLast * sizeof(LockSlot));
  return *reinterpret_cast<LockSlot*>(reinterpret_cast<char*>(g_lock_slots) + offset);
}

inline constexpr uint32_t kHasBusyLock = uint32_t{1} << 31;

// Whether the lock may have waiters, or is busy; certainly not, nearly always. For whoever
// is about to release it.
inline bool MayHaveWaiters(const void* lock) {
  return LockSlotOf(lock).waiters.load(std::memory_order_relaxed) != 0;
}

// A waiter's own part of it.
struct LockWait {
  uint64_t since_ns;
  // What it counts; 0: it is not counted.
  uint32_t weight;
  uint16_t generation;
  // Not counted, because the lock is busy.
  bool passed_over;
};

// How a wait ended.
struct LockWaitEnd {
  uint64_t now_ns;
  // Left for this waiter, which are now its own to follow up.
  LockNote* notes;
  // How many waits this one stands for; 0: others stand for it.
  uint32_t stands_for;
};

// Both tell the moment (MonotonicNanos; of a wait that others stand for, CoarseNanos).
// All: thread-safe, allocation-free. Not for signal handlers, but safe in one.
uint64_t JoinLockWaiters(const void* lock, LockWait* wait);
LockWaitEnd LeaveLockWaiters(const void* lock, const LockWait& wait);

// What somebody who is about to release a lock that MayHaveWaiters has to do.
enum class ReleaseDuty : uint8_t {
  kNone,
  kCharge,     // ReleaseToWaiters
  kLongCharge  // a busy lock was held for long: ReleaseAfterLongHold
};
// Of the latter, `held_since_ns` is when that began, give or take a tick of the kernel.
ReleaseDuty DutyOfRelease(const void* lock, uint64_t* held_since_ns);

// What a release is charged with.
struct ReleaseCharge {
  uint64_t waited_ns;
  // How many releases this one stands for.
  uint32_t stands_for;
  uint64_t now_ns;
};
// Called under the slot's lock; the result, unless null, is left for the next waiter.
using ChargeRelease = LockNote* (*)(void* context, const ReleaseCharge& charged);
// Just before the lock is released.
void ReleaseToWaiters(const void* lock, ChargeRelease charge, void* context);
// The same where the caller knows better what was waited for the lock until `now_ns`.
void ReleaseAfterLongHold(const void* lock, uint64_t waited_ns, uint64_t now_ns,
                          ChargeRelease charge, void* context);

// In the child of a fork, where nobody waits.
void ResetLockWaiters();

// Waits and releases that found their slot abandoned, or no memory.
uint64_t LockWaitsMissed();

}  // namespace pprofagent::hot
