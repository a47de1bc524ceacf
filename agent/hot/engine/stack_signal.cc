// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/stack_signal.h"

#include <linux/futex.h>
#include <signal.h>
#include <time.h>

#include <atomic>

#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/interrupted_call.h"
#include "agent/hot/engine/signals.h"
#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/unwind/unwinder.h"

namespace pprofagent::hot {

namespace {

constexpr uint32_t kSlotCount = 32;
// In the signal's value, so that one the program sends itself is told from ours.
constexpr uint64_t kMark = 0x70706666;
// Nobody answered for so long: the rest has no processor, or blocks the signal.
constexpr uint64_t kPatienceNanos = 200'000'000;
// A thread that is writing needs a processor for some microseconds.
constexpr uint64_t kWritingNanos = 2'000'000'000;

enum Phase : uint32_t { kFree, kAsked, kWriting, kWritten };

struct Slot {
  std::atomic<uint32_t> word;
  // The thread's, when it was asked (interrupted_call.h).
  uint64_t cpu_ns;
  AskedStack stack;
};

uint32_t Word(uint32_t ticket, Phase phase) { return ticket * 4 + phase; }
Phase PhaseOf(uint32_t word) { return static_cast<Phase>(word & 3); }

constinit std::atomic<int> g_signal{0};
constinit std::atomic<Slot*> g_slots{nullptr};
constinit std::atomic<uint32_t> g_ticket{0};
// Counts answers; what the asker sleeps on.
constinit std::atomic<uint32_t> g_answers{0};
constinit std::atomic<uint64_t> g_restarted{0};

void WriteStack(const void* ucontext, AskedStack* stack) {
  Frames frames{};
  frames.pcs = stack->pcs;
  frames.capacity = CaptureDepth();
  StackBounds bounds{};
  stack->labels = 0;
  if (const ThreadRecord* record = t_state.record) {
    bounds = {record->stack_low, record->stack_high};
    stack->labels = record->labels.load(std::memory_order_relaxed);
  }
  Unwind(RegistersFromContext(ucontext), PcKind::kExact, bounds, UnwindContext::kSignal, &frames);
  stack->depth = WithoutAgentFrames(stack->pcs, frames.depth);
  stack->truncated = frames.truncated;
}

// The thread's processor time when it was asked; 0: the question is not open any more.
uint64_t Answer(uint64_t value, void* ucontext) {
  Slot* const slots = g_slots.load(std::memory_order_acquire);
  const auto ticket = static_cast<uint32_t>(value) >> 5;
  Slot& slot = slots[static_cast<uint32_t>(value) % kSlotCount];
  uint32_t expected = Word(ticket, kAsked);
  if (!slot.word.compare_exchange_strong(expected, Word(ticket, kWriting),
                                         std::memory_order_acq_rel)) {
    return 0;
  }
  const uint64_t asked = slot.cpu_ns;
  WriteStack(ucontext, &slot.stack);
  slot.word.store(Word(ticket, kWritten), std::memory_order_release);
  g_answers.fetch_add(1, std::memory_order_release);
  RawSyscall(SYS_futex, &g_answers, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  return asked;
}

bool OnStackSignal(int signal, siginfo_t* info, void* ucontext) {
  const auto value = reinterpret_cast<uint64_t>(info->si_value.sival_ptr);
  if (info->si_code != SI_QUEUE || value >> 32 != kMark) return false;
  if (IsSandboxed()) return true;
  SentSignal sent{signal, 0, ThreadCpuNanos(0)};
  sent.cpu_ns_sent = Answer(value, ucontext);
  if (!WasHeldUp(sent) && RestartInterruptedCall(ucontext)) {
    g_restarted.fetch_add(1, std::memory_order_relaxed);
  } else {
    EndCallForProgram(ucontext);
  }
  return true;
}

bool Send(int32_t tid, uint32_t ticket, uint32_t slot) {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  info.si_pid = static_cast<pid_t>(RawSyscall(SYS_getpid));
  info.si_value.sival_ptr =
      reinterpret_cast<void*>(kMark << 32 | static_cast<uint32_t>(ticket << 5) | slot);
  return RawSyscall(SYS_rt_tgsigqueueinfo, info.si_pid, tid,
                    g_signal.load(std::memory_order_relaxed), &info) == 0;
}

// Until the slots are in no phase before `phase`, or nothing has happened for the
// given time.
void WaitWhile(const Slot* slots, uint32_t ticket, Phase phase, uint64_t patience) {
  uint64_t last_news = MonotonicNanos();
  uint32_t seen = g_answers.load(std::memory_order_acquire);
  for (;;) {
    bool waiting = false;
    for (uint32_t i = 0; i < kSlotCount; ++i) {
      const uint32_t word = slots[i].word.load(std::memory_order_acquire);
      waiting |= word == Word(ticket, phase) || word == Word(ticket, kWriting);
    }
    const uint64_t now = MonotonicNanos();
    if (!waiting || now - last_news > patience) return;
    const timespec rest{0, static_cast<long>(patience % 1'000'000'000)};
    RawSyscall(SYS_futex, &g_answers, FUTEX_WAIT_PRIVATE, seen, &rest, nullptr, 0);
    const uint32_t answers = g_answers.load(std::memory_order_acquire);
    if (answers != seen) last_news = MonotonicNanos();
    seen = answers;
  }
}

Slot* Slots() {
  if (g_slots.load(std::memory_order_relaxed) == nullptr) {
    g_slots.store(static_cast<Slot*>(MapMemory(sizeof(Slot) * kSlotCount)),
                  std::memory_order_release);
  }
  return g_slots.load(std::memory_order_relaxed);
}

}  // namespace

int StackSignal() {
  if (g_signal.load(std::memory_order_relaxed) == 0) {
    const int signal = FindFreeRealTimeSignal();
    if (signal != 0 && Claim(signal, OnStackSignal, WhenIgnored::kStay, Meanwhile::kBlockAll)) {
      g_signal.store(signal, std::memory_order_relaxed);
    }
  }
  return g_signal.load(std::memory_order_relaxed);
}

StackQuestions::StackQuestions() { static_assert(kSlots == kSlotCount); }

StackQuestions::Sent StackQuestions::Ask(int32_t tid) {
  Slot* const slots = Slots();
  if (slots == nullptr || StackSignal() == 0) return Sent::kNo;
  if (next_slot_ == 0) ticket_ = (g_ticket.fetch_add(1, std::memory_order_relaxed) + 1) & 0x3ffffff;
  while (next_slot_ < kSlots &&
         PhaseOf(slots[next_slot_].word.load(std::memory_order_acquire)) == kWriting) {
    ++next_slot_;
  }
  if (next_slot_ == kSlots) return Sent::kNoRoom;
  const uint32_t i = next_slot_++;
  slots[i].stack.tid = tid;
  slots[i].stack.depth = 0;
  slots[i].cpu_ns = ThreadCpuNanos(tid);
  slots[i].word.store(Word(ticket_, kAsked), std::memory_order_release);
  mine_[i] = Send(tid, ticket_, i);
  if (!mine_[i]) slots[i].word.store(Word(ticket_, kFree), std::memory_order_relaxed);
  return mine_[i] ? Sent::kYes : Sent::kNo;
}

void StackQuestions::Collect(Visitor visit, void* context) {
  Slot* const slots = Slots();
  if (slots == nullptr || next_slot_ == 0) return;
  WaitWhile(slots, ticket_, kAsked, kPatienceNanos);
  for (uint32_t i = 0; i < kSlots; ++i) {
    uint32_t expected = Word(ticket_, kAsked);
    slots[i].word.compare_exchange_strong(expected, Word(ticket_, kFree));
  }
  WaitWhile(slots, ticket_, kWriting, kWritingNanos);
  for (uint32_t i = 0; i < kSlots; ++i) {
    if (!mine_[i]) continue;
    mine_[i] = false;
    slots[i].stack.answered =
        slots[i].word.load(std::memory_order_acquire) == Word(ticket_, kWritten);
    visit(slots[i].stack, context);
  }
  next_slot_ = 0;
}

uint64_t CallsRestarted() { return g_restarted.load(std::memory_order_relaxed); }

}  // namespace pprofagent::hot
