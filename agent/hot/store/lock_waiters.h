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
// A busy lock, fought for ten thousands of times a second, would be slowed down by
// all this: there is no entry of it, and its releases are charged by looks at the
// clock (busy_lock.h).
//
// Nobody waits for ever. Who cannot get a slot's lock (its holder was suspended,
// or left by a longjmp out of a handler) gives up after some hundred yields and
// marks the slot abandoned: everybody passes it over until the holder, if it
// comes back, starts it afresh. An entry's generation tells waiters of before that
// they are not counted any more. What is lost is counted.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/rt/quick_clock.h"
#include "agent/hot/rt/random.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/store/busy_lock.h"

namespace pprofagent::hot {

// Something a releaser leaves at an entry for the next waiter that leaves it.
struct LockNote {
  LockNote* next;
  uintptr_t lock;
};

struct LockEntry {
  uintptr_t lock;
  uint64_t start_sum;    // S
  uint64_t released_at;  // the last release that was charged, at first when it was made
  uint32_t waiting;      // n; 0: the entry is free
  uint16_t generation;
  LockNote* notes;
  LockEntry* next;
};

struct alignas(64) LockSlot {
  // Besides, kHasBusyLock.
  std::atomic<uint32_t> waiters;
  std::atomic<uint8_t> state;
  uint16_t generation;  // of the entry that was made last
  LockEntry entry;
  SpanCount events;  // waits and charged releases, while none of its locks is busy
};
static_assert(sizeof(LockSlot) == 64, "one cache line");

inline constexpr unsigned kLockSlotBits = 10;
extern constinit LockSlot g_lock_slots[1u << kLockSlotBits] __attribute__((visibility("hidden")));

extern constinit BusyLock g_busy_locks[1u << kLockSlotBits] __attribute__((visibility("hidden")));
static_assert(sizeof(BusyLock) == sizeof(LockSlot), "one offset leads to both");

// Locks of an array lie 40 or 48 bytes apart, and structures with a lock in them
// often powers of two: both spread.
inline uintptr_t LockSlotOffset(const void* lock) {
  const auto address = reinterpret_cast<uintptr_t>(lock);
  constexpr uintptr_t kLast = (uintptr_t{1} << kLockSlotBits) - 1;
  // (address >> 3 ^ address >> 12) times the size of a slot.
  return ((address << 3) ^ (address >> 6)) & (kLast * sizeof(LockSlot));
}
inline LockSlot& LockSlotOf(const void* lock) {
  return *reinterpret_cast<LockSlot*>(reinterpret_cast<char*>(g_lock_slots) + LockSlotOffset(lock));
}
inline BusyLock& BusyLockOf(const void* lock) {
  return *reinterpret_cast<BusyLock*>(reinterpret_cast<char*>(g_busy_locks) + LockSlotOffset(lock));
}

inline constexpr uint32_t kHasBusyLock = uint32_t{1} << 31;

// What somebody who is about to release a lock has to do before: none of it, nearly always.
enum ReleaseDuty : uint32_t {
  kNoDuty = 0,
  kCharge = 1,  // ReleaseToWaiters
  kLook = 2,    // a step of a busy lock has ended
  kCount = 4,   // this release is one of those that are counted
};

inline uint32_t LockWaitersOf(const void* lock) {
  return LockSlotOf(lock).waiters.load(std::memory_order_relaxed);
}

// `waiters`: LockWaitersOf, not 0.
inline uint32_t DutyBesideWaiters(const void* lock, uint32_t waiters) {
  if ((waiters & kHasBusyLock) == 0) return kCharge;
  const BusyLock& busy = BusyLockOf(lock);
  if (busy.lock.load(std::memory_order_relaxed) != reinterpret_cast<uintptr_t>(lock)) {
    return waiters != kHasBusyLock ? kCharge : kNoDuty;
  }
  if (IsSandboxed()) return kNoDuty;  // reading a clock may be a system call
  const uint64_t now = QuickCounts();
  // Far below zero, and so very large, if the clock has been set back.
  const bool looks = now - busy.looked.load(std::memory_order_relaxed) >=
                     busy.step.load(std::memory_order_relaxed);
  const bool counts = IsCounted(now, busy.shift.load(std::memory_order_relaxed));
  return (looks ? kLook : kNoDuty) | (counts ? kCount : kNoDuty);
}

// Thread-safe, allocation-free.
inline uint32_t DutyOfRelease(const void* lock) {
  const uint32_t waiters = LockWaitersOf(lock);
  if (waiters == 0) [[likely]]
    return kNoDuty;
  return DutyBesideWaiters(lock, waiters);
}

// A waiter's own part of it.
struct LockWait {
  uint64_t since_ns;
  uint16_t generation;
  // Whether an entry has it.
  bool is_counted;
  // How many waits it stands for if it is not a long one; 0: others stand for it.
  uint8_t stands_for;
};

// How a wait ended.
struct LockWaitEnd {
  uint64_t now_ns;
  // Left for this waiter, which are now its own to follow up; one of another lock's
  // may be among them, of which nobody has waited since.
  LockNote* notes;
  uint8_t stands_for;
};

// Both tell the moment (MonotonicNanos; at the end of a wait that others stand for,
// CoarseNanos).
// All: thread-safe, allocation-free. Not for signal handlers, but safe in one.
uint64_t JoinLockWaiters(const void* lock, Random* random, LockWait* wait);
LockWaitEnd LeaveLockWaiters(const void* lock, const LockWait& wait);

// What a release is charged with.
struct ReleaseCharge {
  uint64_t waited_ns;
  uint64_t now_ns;
};
// Called under the slot's lock; the result, unless null, is left for the next waiter.
using ChargeRelease = LockNote* (*)(void* context, const ReleaseCharge& charged);
// Just before the lock is released.
void ReleaseToWaiters(const void* lock, ChargeRelease charge, void* context);

// The ends of steps that a release of a busy lock is charged with, see StepsWaited.
struct LockLook {
  uint64_t now_ns;
  uint64_t from_ns;
  uint64_t step_ns;
  uint64_t steps;

  // Such a release is counted as itself.
  bool was_long() const { return steps >= 2; }
};
LockLook BeginLook(const void* lock, uint32_t duty);

// How many releases one that is counted stands for.
inline uint32_t ReleasesACount(const void* lock) {
  return uint32_t{1} << BusyLockOf(lock).shift.load(std::memory_order_relaxed);
}

// What was seen at it.
struct LockLookEnd {
  uint32_t threads;
  bool anybody_waits;
  LockNote* note;  // or null
};
// False: the note was not left, because the lock is busy no longer.
bool EndLook(const void* lock, uint32_t duty, const LockLookEnd& end);

// In the child of a fork, where nobody waits.
void ResetLockWaiters();

// Waits and releases that found their slot abandoned, or no memory.
uint64_t LockWaitsMissed();

}  // namespace pprofagent::hot
