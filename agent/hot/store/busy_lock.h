// SPDX-License-Identifier: Apache-2.0
//
// What makes locks cheap that are waited for very often. To note a wait, its end
// and the release takes some 300 ns of lines that the threads take from each
// other, part of it with the lock held: nothing beside a wait that sleeps, but
// several times a section of ten nanoseconds that many threads fight for.
//
// Windows. Time is cut into ticks of about 1 ms. A lock with more than
// kWaitsATick waits in a tick, for 64 of them on average, becomes busy: of each 2^n ticks
// one is picked, and only waits that begin in it are counted, each for 2^n. They
// are followed to their end, and so is whoever is charged for them. Each group of
// 2^n ticks has its pick, at random within the group, so that nothing periodic
// falls in step with them; it is a function of the tick, so that all threads
// agree without asking each other. A wait is counted with a probability of one
// in 2^n that its own length has no influence on: sums are unbiased. The waits of
// one picked tick decide how large n is from the tick after the next picked one
// on: never within a tick, or those picked would be the ones that lose.
//
// What is long. What is rare and long must not be left to chance: the one time
// when a lock that is always busy was held for half a second is what the profile
// is asked for. A wait of kLongWaitNs by the kernel's coarse clock (3 ns) stands
// for itself, picked or not. And where no release has come for two ticks of that
// clock the lock was held for long: the releaser is charged with what the
// waiters' parked records say (rt/parked.h), all of them. Whether something is
// long does not depend on the picks either.
//
// One BusyLock for each slot of lock_waiters.h, apart from it: a line that is
// only read as long as its lock is busy, but for one store a tick of the kernel.
// Written under the slot's lock, but for `released_ns`, which every releaser
// writes; read by all, relaxed: a stale reading counts a wait or does not.
#pragma once

#include <atomic>
#include <cstdint>

namespace pprofagent::hot {

struct LockNote;

struct alignas(32) BusyLock {
  std::atomic<uintptr_t> lock;
  std::atomic<uint64_t> released_ns;  // CoarseNanos of the last release
  std::atomic<uint64_t> plan;         // n, see ShiftPlan
  // Of a long hold; for the next waiter that leaves.
  std::atomic<LockNote*> notes;
};

inline constexpr int kWaitTickBits = 20;
inline constexpr uint32_t kWaitsATick = 24;
inline constexpr uint32_t kLargestShift = 4;
// A lock that is not busy becomes so by what it had on average in 2^6 ticks: a thousand
// threads that come to one at the same moment do not make it so.
inline constexpr uint32_t kCalmSpanBits = 6;
inline constexpr uint64_t kLongWaitNs = 500'000;

constexpr uint32_t WaitTick(uint64_t now_ns) {
  return static_cast<uint32_t>(now_ns >> kWaitTickBits);
}

// What n is up to a tick, and what after it.
struct ShiftPlan {
  uint32_t last_tick;
  uint8_t before;
  uint8_t after;

  constexpr uint32_t At(uint32_t tick) const {
    return static_cast<int32_t>(tick - last_tick) > 0 ? after : before;
  }
  constexpr uint64_t Pack() const {
    return uint64_t{last_tick} << 32 | uint64_t{before} << 8 | uint64_t{after};
  }
  static constexpr ShiftPlan Unpack(uint64_t word) {
    return {static_cast<uint32_t>(word >> 32), static_cast<uint8_t>(word >> 8),
            static_cast<uint8_t>(word)};
  }
};

// Whether this tick is the one of its group of 2^shift. `seed` makes locks differ.
constexpr bool IsPicked(uint32_t tick, uint32_t shift, uint64_t seed) {
  const uint64_t last = (uint64_t{1} << shift) - 1;
  // Two rounds of multiplication: with one, two locks' picks would keep their distance.
  uint64_t mixed = ((uint64_t{tick} >> shift << 8) + shift + (seed << 40)) * 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ (mixed >> 32)) * 0xbf58476d1ce4e5b9u;
  return ((mixed >> 32) & last) == (tick & last);
}

// Of two moments; the second, by the coarse clock, may be a little before the first.
constexpr bool IsLongWait(uint64_t since_ns, uint64_t coarse_now_ns) {
  return static_cast<int64_t>(coarse_now_ns - since_ns) >= static_cast<int64_t>(kLongWaitNs);
}

// The waits of one tick, counted under the slot's lock.
struct WaitCount {
  uint32_t tick;
  uint32_t waits;
};

// n for a lock that had so many waits in one tick.
constexpr uint32_t ShiftFor(uint32_t waits) {
  uint32_t shift = 0;
  while (shift < kLargestShift && (waits >> shift) > kWaitsATick) ++shift;
  return shift;
}

// One more wait, in a tick that is picked. True: the plan has changed.
constexpr bool CountWait(uint32_t tick, WaitCount* count, ShiftPlan* plan) {
  const uint32_t shift = plan->At(tick);
  const uint32_t span = shift != 0 ? 0 : kCalmSpanBits;
  const bool is_first = count->tick >> span != tick >> span;
  if (is_first) {
    *plan = {tick, static_cast<uint8_t>(shift),
             static_cast<uint8_t>(ShiftFor(count->waits >> span))};
    *count = {tick, 0};
  }
  ++count->waits;
  return is_first;
}

// Where nothing was counted for very long the lock is not busy any more. True: the plan has
// changed.
constexpr bool CalmDown(uint32_t tick, const WaitCount& count, ShiftPlan* plan) {
  constexpr int32_t kGroups = 16;
  const uint32_t shift = plan->At(tick);
  // The coarse clock may be behind the one that waits are counted by.
  if (static_cast<int32_t>(tick - count.tick) <= (kGroups << shift)) return false;
  *plan = {tick, static_cast<uint8_t>(shift), 0};
  return true;
}

}  // namespace pprofagent::hot
