// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/contention.h"

#include <atomic>

#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/other_stack.h"
#include "agent/hot/engine/thread.h"
#include "agent/hot/engine/wait_sampler.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/sandbox.h"

namespace pprofagent::hot {

constinit std::atomic<bool> g_watching_waits{false};
constinit std::atomic<bool> g_watching_io{false};

namespace {

constinit std::atomic<bool> g_started{false};
constinit std::atomic<WatchingTold> g_tell{nullptr};
constinit std::atomic<uint32_t> g_mutex_fraction{0};
constinit std::atomic<int64_t> g_block_rate{0};
constinit std::atomic<bool> g_block_io{false};
constinit SampleLimit g_block_limit;
constinit SampleLimit g_mutex_limit;
// Of releases of busy locks that are counted, by the stack alone.
constinit SampleLimit g_count_limit;
constinit std::atomic<uint64_t> g_pairs_missed{0};

constexpr int64_t kMostFraction = 1'000'000;
// Nineteen hours.
constexpr int64_t kHighestBlockRate = int64_t{1} << 46;

// A pair in the making. Taken by the releaser, free again when both sides have
// come. A side that never comes (its thread was killed in between) costs the
// cell.
struct PairNote : LockNote {
  std::atomic<bool> is_taken;
  std::atomic<uint8_t> sides;
  const StackRecord* waiter;
  const StackRecord* holder;
  ContentionWeight weight;
};

constexpr uint8_t kWaiterCame = 1;
constexpr uint8_t kHolderCame = 2;
constexpr uint32_t kNotes = 256;
constinit PairNote g_notes[kNotes] = {};
constinit std::atomic<uint32_t> g_next_note{0};

PairNote* TakeNote() {
  constexpr uint32_t kProbes = 16;
  for (uint32_t i = 0; i < kProbes; ++i) {
    PairNote& note = g_notes[g_next_note.fetch_add(1, std::memory_order_relaxed) % kNotes];
    if (!note.is_taken.load(std::memory_order_relaxed) &&
        !note.is_taken.exchange(true, std::memory_order_acquire)) {
      note.sides.store(0, std::memory_order_relaxed);
      return &note;
    }
  }
  g_pairs_missed.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

// Who comes second finds what the first wrote.
void SideCame(PairNote* note, uint8_t side) {
  const uint8_t before = note->sides.fetch_or(side, std::memory_order_acq_rel);
  if ((before | side) != (kWaiterCame | kHolderCame)) return;
  ContentionPair* pair = nullptr;
  if (note->waiter != nullptr && note->holder != nullptr) {
    pair = FindContentionPair(note->waiter, note->holder, note->lock);
  }
  if (pair != nullptr) {
    pair->counters.Add(note->weight);
  } else {
    g_pairs_missed.fetch_add(1, std::memory_order_relaxed);
  }
  note->is_taken.store(false, std::memory_order_release);
}

// Null: nothing can be recorded of this thread now.
ThreadRecord* RecordForWait() {
  if (!t_state.watched) FollowThisThread();
  return CurrentRecord();
}

bool MayRecord() { return t_state.guard == 0 && !IsSandboxed(); }

bool IsLock(WaitKind kind) {
  return kind == WaitKind::kMutex || kind == WaitKind::kRwlockRead ||
         kind == WaitKind::kRwlockWrite;
}

// The profiles tell rwlocks' two sides apart by their stacks.
WaitKind ProfiledKind(WaitKind kind) {
  return kind == WaitKind::kRwlockRead ? WaitKind::kRwlockWrite : kind;
}

void Add(const StackRecord* stack, ContentionSide side, WaitKind kind,
         const ContentionWeight& weight) {
  if (stack == nullptr) return;
  if (ContentionBucket* bucket = FindContentionBucket(stack, side, kind)) {
    bucket->counters.Add(weight);
  } else {
    CountStoreFull();
  }
}

// The stack, if one was taken.
const StackRecord* RecordBlocked(WaitKind kind, uint64_t since_ns, const LockWaitEnd& end,
                                 ThreadRecord* record, const Registers& caller) {
  const int64_t asked_for = g_block_rate.load(std::memory_order_relaxed);
  if (asked_for <= 0) return nullptr;
  const uint64_t rate = g_block_limit.Rate(static_cast<uint64_t>(asked_for), end.now_ns);
  ContentionWeight weight{};
  // All the time it stands for decides whether it is recorded.
  const uint64_t waited = (end.now_ns - since_ns) * end.stands_for;
  if (!WeighWait(waited, rate, &record->random, &weight)) return nullptr;
  weight.contentions *= end.stands_for;
  g_block_limit.Count(rate, end.now_ns);
  const StackRecord* stack = CaptureLockHookStack(caller);
  Add(stack, ContentionSide::kWaiter, ProfiledKind(kind), weight);
  return stack;
}

// Whether a release is sampled for `amount`, by the mutex profile's fraction and the limit.
bool SampleRelease(SampleLimit* limit, uint64_t amount, uint64_t now_ns, ContentionWeight* weight) {
  Random* random = &t_state.record->random;
  const uint32_t fraction = g_mutex_fraction.load(std::memory_order_relaxed);
  if (fraction == 0 || !PassFraction(fraction, random)) return false;
  const uint64_t rate = limit->Rate(1, now_ns);
  if (!WeighWait(amount, rate, random, weight)) return false;
  limit->Count(rate, now_ns);
  weight->contentions *= fraction;
  weight->delay_ns *= fraction;
  return true;
}

// Who waits for a lock, by the threads' parked records.
struct Waiting {
  uint32_t threads = 0;  // all there are
  bool anybody = false;
  uint64_t waited_ns = 0;  // what the release is charged with
};
Waiting FindWaiting(const void* lock, const LockLook& look) {
  const auto address = reinterpret_cast<uintptr_t>(lock);
  Waiting waiting;
  for (const ThreadRecord* record = FirstRecord(); record != nullptr; record = record->next) {
    ++waiting.threads;
    if (record->parked.object.load(std::memory_order_relaxed) != address) continue;
    const ParkedFacts parked = ReadParked(record->parked);
    if (!ParkedCall::IsParked(parked.sequence) || !IsLock(parked.kind) ||
        parked.object != address) {
      continue;
    }
    waiting.anybody = true;
    if (look.steps == 0) continue;
    waiting.waited_ns +=
        look.step_ns * StepsWaited(look.from_ns, look.step_ns, look.steps, parked.since_ns);
  }
  return waiting;
}

void PairUp(LockNote* notes, const void* lock, const StackRecord* stack) {
  while (notes != nullptr) {
    auto* note = static_cast<PairNote*>(notes);
    notes = notes->next;  // the note may be somebody else's right after
    note->waiter = note->lock == reinterpret_cast<uintptr_t>(lock) ? stack : nullptr;
    SideCame(note, kWaiterCame);
  }
}

void UpdateWatching() {
  const bool started = g_started.load(std::memory_order_relaxed);
  const bool mutex = g_mutex_fraction.load(std::memory_order_relaxed) > 0;
  const bool block = g_block_rate.load(std::memory_order_relaxed) > 0;
  const bool io = g_block_io.load(std::memory_order_relaxed);
  const bool watching = started && (mutex || block);
  g_watching_waits.store(watching, std::memory_order_relaxed);
  if (const WatchingTold tell = g_tell.load(std::memory_order_relaxed)) tell(watching);
  g_watching_io.store(started && block && io, std::memory_order_relaxed);
}

}  // namespace

Wait::Wait(WaitKind kind, const void* object, const Registers& caller)
    : caller_(caller), object_(object), kind_(kind) {
  if (!MayRecord()) return;
  const Guard guard;
  ThreadRecord* record = RecordForWait();
  if (record == nullptr) return;
  is_recorded_ = true;
  if (IsLock(kind) && g_mutex_fraction.load(std::memory_order_relaxed) > 0) {
    JoinLockWaiters(object, &record->random, &lock_wait_);
  } else {
    lock_wait_.since_ns = MonotonicNanos();
    lock_wait_.stands_for = 1;
  }
  record->parked.Begin(kind, reinterpret_cast<uintptr_t>(object), lock_wait_.since_ns, caller.pc,
                       caller.sp, caller.bp);
}

void Wait::End(bool counts) {
  if (!is_recorded_) return;
  const Guard guard;
  ThreadRecord* record = t_state.record;
  if (record != nullptr) record->parked.End();
  // Begun before the program entered its sandbox: nothing is recorded any more,
  // and neither the clock nor a yield may be asked for.
  if (IsSandboxed()) return;
  const LockWaitEnd end = LeaveLockWaiters(object_, lock_wait_);
  const bool records = record != nullptr;
  const StackRecord* stack = nullptr;
  if (counts && records && end.stands_for != 0) {
    stack = RecordBlocked(kind_, lock_wait_.since_ns, end, record, caller_);
  }
  if (end.notes == nullptr) return;
  if (stack == nullptr && records) stack = CaptureLockHookStack(caller_);
  PairUp(end.notes, object_, stack);
}

// The waiting that this release is charged with, if it is sampled.
void Release::AddDelay(uint64_t waited_ns, uint64_t now_ns) {
  ContentionWeight weight{};
  if (!SampleRelease(&g_mutex_limit, waited_ns, now_ns, &weight)) return;
  is_sampled_ = true;
  weight_.contentions += weight.contentions;
  weight_.delay_ns += weight.delay_ns;
}

// Of a busy lock, of which each release that is counted stands for `releases`.
void Release::AddCount(uint32_t releases, uint64_t now_ns) {
  ContentionWeight weight{};
  if (!SampleRelease(&g_count_limit, 1, now_ns, &weight)) return;
  is_sampled_ = true;
  weight_.contentions += weight.contentions * releases;
}

LockNote* Release::MakeNote() {
  if (!is_sampled_) return nullptr;
  PairNote* note = TakeNote();
  if (note != nullptr) {
    note->lock = reinterpret_cast<uintptr_t>(lock_);
    note->weight = weight_;
  }
  note_ = note;
  return note;
}

LockNote* Release::Charge(void* context, const ReleaseCharge& charged) {
  auto* release = static_cast<Release*>(context);
  release->AddDelay(charged.waited_ns, charged.now_ns);
  return release->MakeNote();
}

void Release::Look(uint32_t duty) {
  const LockLook look = BeginLook(lock_, duty);
  const Waiting waiting = FindWaiting(lock_, look);
  if (waiting.waited_ns != 0) {
    AddDelay(waiting.waited_ns, look.now_ns);
    if (!look.was_long()) weight_.contentions = 0;  // they are counted apart
  }
  if ((duty & kCount) != 0 && waiting.anybody && !look.was_long()) {
    AddCount(ReleasesACount(lock_), look.now_ns);
  }
  LockNote* note = waiting.anybody ? MakeNote() : nullptr;
  if (!EndLook(lock_, duty, {waiting.threads, waiting.anybody, note}) && note != nullptr) {
    static_cast<PairNote*>(note)->waiter = nullptr;
    SideCame(static_cast<PairNote*>(note), kWaiterCame);
  }
}

Release::Release(const void* lock, uint32_t duty) : lock_(lock) {
  if (!MayRecord()) return;
  const Guard guard;
  if (RecordForWait() == nullptr) return;
  if ((duty & kCharge) != 0) ReleaseToWaiters(lock, Charge, this);
  if ((duty & (kLook | kCount)) != 0) Look(duty);
}

void Release::End(const Registers& caller, bool released) {
  if (!is_sampled_) return;
  const Guard guard;
  const StackRecord* stack = nullptr;
  if (released && t_state.record != nullptr && !IsSandboxed()) {
    stack = CaptureLockHookStack(caller);
  }
  Add(stack, ContentionSide::kReleaser, WaitKind::kNone, weight_);
  if (note_ == nullptr) return;
  auto* note = static_cast<PairNote*>(note_);
  note->holder = stack;
  SideCame(note, kHolderCame);
}

void TellWatching(WatchingTold tell) {
  g_tell.store(tell, std::memory_order_relaxed);
  if (g_started.load(std::memory_order_relaxed)) tell(WatchingWaits());
}

void StartContentionEngine() {
  g_started.store(true, std::memory_order_relaxed);
  UpdateWatching();
}

void SetMutexSamplingFraction(int64_t fraction) {
  if (fraction < 0) fraction = 0;
  if (fraction > kMostFraction) fraction = kMostFraction;
  g_mutex_fraction.store(static_cast<uint32_t>(fraction), std::memory_order_relaxed);
  UpdateWatching();
}
int64_t MutexSamplingFraction() { return g_mutex_fraction.load(std::memory_order_relaxed); }

void SetBlockSamplingRate(int64_t nanoseconds) {
  if (nanoseconds < 0) nanoseconds = 0;
  if (nanoseconds > kHighestBlockRate) nanoseconds = kHighestBlockRate;
  g_block_rate.store(nanoseconds, std::memory_order_relaxed);
  UpdateWatching();
}
int64_t BlockSamplingRate() { return g_block_rate.load(std::memory_order_relaxed); }

void SetBlockSamplingOfIo(bool on) {
  g_block_io.store(on, std::memory_order_relaxed);
  UpdateWatching();
}
bool BlockSamplingOfIo() { return g_block_io.load(std::memory_order_relaxed); }

uint64_t ContentionPairsMissed() { return g_pairs_missed.load(std::memory_order_relaxed); }

void ResetContentionInChild() {
  ResetLockWaiters();
  g_block_limit.Reset();
  g_mutex_limit.Reset();
  g_count_limit.Reset();
  for (PairNote& note : g_notes) note.is_taken.store(false, std::memory_order_relaxed);
}

}  // namespace pprofagent::hot
