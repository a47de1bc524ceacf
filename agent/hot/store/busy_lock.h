// SPDX-License-Identifier: Apache-2.0
//
// What makes locks cheap that are fought for all the time. To put down each wait
// for the releasers, and to charge each release (lock_waiters.h), takes some 100 ns
// of lines that the threads take from each other, with the lock held: nothing
// beside a wait that sleeps, but a good part of a section of half a microsecond,
// and several times one of ten nanoseconds.
//
// So a lock with more than kBusyEvents waits and charged releases in 4 ms, 15,000 a
// second, becomes busy. From then on nothing is put down for the releasers; they look
// at what there is instead, at moments that time chooses and the lock does not.
//
// Looks. Time is cut into steps of 0.3 ms or more, and the first release after the end of
// a step is charged with one step for everybody who was waiting at that moment,
// which the threads' parked records tell (rt/parked.h). Moments are met in
// proportion to time: so each holder is charged, on average, with what was waited
// while it held the lock, in short sections and long ones alike; of a hold of many
// steps the error is less than one step for each waiter. Other releases cost the
// 9 ns of a reading of the clock. A look takes a microsecond, in which the lock is
// held on and others go to sleep for it; the more threads there are the longer it
// takes, and the longer is a step.
//
// How many releases somebody was waiting at cannot be seen at such moments, which
// come to the long ones more often. Where more than one step has ended the release
// counts once. Of all others one of 2^n is looked at for that, and counts 2^n times.
// n follows from what was counted in the span before, never from what it is applied to.
//
// Waits. To measure one takes time with the lock held. Of those for a busy lock one
// of kWaitsAPick, at random, is measured and stands for as many. What is rare and
// long must not be left to chance, though: a wait of kLongWaitNs by the coarse
// clock, which takes 3 ns, stands for itself, picked or not. Whether it is that
// long does not depend on the pick.
//
// One BusyLock for each slot of lock_waiters.h; while it is taken, another lock of the
// slot is put down as before, exactly and at the old price. A line that is only read as long
// as its lock is busy, but for two stores a step. Written under the slot's lock,
// but for `looked`, which releasers move forward; read by all, relaxed: a stale
// reading looks a little later, or at nothing.
#pragma once

#include <atomic>
#include <cstdint>

namespace pprofagent::hot {

struct LockNote;

// A span is 17 ms. Whether a lock becomes busy is seen by quarters of one.
inline constexpr int kSpanBits = 24;
inline constexpr int kQuarterBits = kSpanBits - 2;
inline constexpr uint32_t kBusyEvents = 64;
// A lock is busy no longer when a span has less than this, and nobody waits.
inline constexpr uint32_t kCalmEvents = 128;
// 60 ms without any.
inline constexpr uint32_t kCalmSpans = 4;
// Each costs as much as a look. Fewer where there are many threads, see ShiftFor.
inline constexpr uint32_t kCountedASpan = 8;
inline constexpr uint32_t kLargestShift = 20;
inline constexpr uint32_t kWaitsAPick = 8;
inline constexpr uint64_t kLongWaitNs = 500'000;
inline constexpr uint64_t kLookStepNs = 300'000;
inline constexpr uint64_t kLookStepNsAThread = 10'000;

constexpr uint32_t SpanOf(uint64_t now_ns) { return static_cast<uint32_t>(now_ns >> kSpanBits); }
constexpr uint32_t QuarterOf(uint64_t now_ns) {
  return static_cast<uint32_t>(now_ns >> kQuarterBits);
}

// Events by span of time.
struct SpanCount {
  uint32_t span;
  uint32_t events;

  // True: a new span; `*before` is what the one just before it had.
  constexpr bool Begin(uint32_t now, uint32_t* before) {
    if (now == span) return false;
    *before = now == span + 1 ? events : 0;
    span = now;
    events = 0;
    return true;
  }
};

// n for a lock with so many contended releases in a span, in a process with so many threads.
constexpr uint32_t ShiftFor(uint32_t releases, uint32_t threads) {
  const uint32_t most = 1 + kCountedASpan * 64 / (64 + threads);
  uint32_t shift = 0;
  while (shift < kLargestShift && (releases >> shift) > most) ++shift;
  return shift;
}

// By the last span that had any, and what the one before had.
constexpr bool IsCalm(const SpanCount& count, uint32_t before, uint32_t now) {
  // The clock of another processor may be a little behind.
  const auto passed = static_cast<int32_t>(now - count.span);
  if (passed >= static_cast<int32_t>(kCalmSpans)) return true;
  return passed >= 1 && count.events < kCalmEvents && before < kCalmEvents;
}

struct alignas(64) BusyLock {
  std::atomic<uintptr_t> lock;
  // By the quick clock: the end of the last step that was charged, and a step.
  std::atomic<uint64_t> looked;
  std::atomic<uint64_t> step;
  std::atomic<uint32_t> shift;  // n
  // For the next waiter that leaves.
  std::atomic<LockNote*> notes;
  // Contended releases.
  SpanCount count;
  uint32_t before;
};

// Of `steps` ends of steps, the first one step after `from_ns`: at how many of them somebody
// waited who has been waiting since `since_ns`.
constexpr uint64_t StepsWaited(uint64_t from_ns, uint64_t step_ns, uint64_t steps,
                               uint64_t since_ns) {
  const auto later = static_cast<int64_t>(since_ns - from_ns);
  if (later <= 0) return steps;
  const uint64_t missed = (static_cast<uint64_t>(later) - 1) / step_ns;
  return missed < steps ? steps - missed : 0;
}

// Whether this release is the one of 2^shift; by the moment, of which the last bits are
// nobody's choice.
constexpr bool IsCounted(uint64_t counts, uint32_t shift) {
  return ((counts * 0x9e3779b97f4a7c15u) >> 32 & ((uint64_t{1} << shift) - 1)) == 0;
}

// Of two moments; the second, by the coarse clock, may be a little before the first.
constexpr bool IsLongWait(uint64_t since_ns, uint64_t coarse_now_ns) {
  return static_cast<int64_t>(coarse_now_ns - since_ns) >= static_cast<int64_t>(kLongWaitNs);
}

}  // namespace pprofagent::hot
