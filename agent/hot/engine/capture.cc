// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/capture.h"

#include <atomic>

#include "agent/hot/controls.h"
#include "agent/hot/rt/mapped_pool.h"
#include "agent/hot/rt/thread_state.h"
#include "agent/hot/unwind/walk_memo.h"

namespace pprofagent::hot {

namespace {

constinit std::atomic<uint32_t> g_depth{128};
constinit std::atomic<uintptr_t> g_agent_begin{0};
constinit std::atomic<uintptr_t> g_agent_end{0};
constinit std::atomic<uint64_t> g_full{0};
constinit std::atomic<uint64_t> g_reentrant{0};

// What stands for the callers that the walk has not found; 0: it found all.
uintptr_t MarkFor(WalkEnd end) {
  switch (end) {
    case WalkEnd::kOutermost:
      return 0;
    case WalkEnd::kTruncated:
      return MarkWord(FrameMark::kTruncated);
    case WalkEnd::kNoRule:
      return MarkWord(FrameMark::kNoRule);
    case WalkEnd::kBadRead:
    case WalkEnd::kNoProgress:
      break;
  }
  return MarkWord(FrameMark::kBrokenStack);
}

uint32_t CurrentLabelsOf(const ThreadRecord& record) {
  return record.labels.load(std::memory_order_relaxed);
}

const StackRecord* Capture(const Registers& start, PcKind kind, UnwindContext context,
                           const ThreadRecord* record, uintptr_t* buffer) {
  Frames frames{};
  frames.pcs = buffer;
  frames.capacity = g_depth.load(std::memory_order_relaxed);
  Unwind(start, kind, StackBounds{record->stack_low, record->stack_high}, context, &frames);
  if (TakeDebugFrameNews()) MakeRequest(kRequestRules);
  uint32_t depth = WithoutAgentFrames(buffer, frames.depth);
  if (const uintptr_t mark = MarkFor(frames.end)) buffer[depth++] = mark;
  const StackRecord* stack = InternStack(buffer, depth, frames.truncated, CurrentLabelsOf(*record));
  if (stack == nullptr) CountStoreFull();
  return stack;
}

// 64k threads' memos.
constinit MappedPool g_memos(size_t{256} << 10, (size_t{1} << 16) * sizeof(WalkMemo));

WalkMemo* MemoOf(ThreadRecord* record) {
  if (record->walk_memo == nullptr) record->walk_memo = g_memos.Allocate(sizeof(WalkMemo));
  return static_cast<WalkMemo*>(record->walk_memo);
}

const StackRecord* Remembered(const StackRecord* stack, WalkMemo* memo) {
  if (stack == nullptr) CountStoreFull();
  memo->stack = stack;
  return stack;
}

// The stack of the memo's walk, which may have been taken under other labels.
const StackRecord* SameUnder(uint32_t labels, WalkMemo* memo) {
  const auto* last = static_cast<const StackRecord*>(memo->stack);
  if (last == nullptr || last->labels == labels) return last;
  return Remembered(InternStack(last->pcs, last->depth, last->truncated, labels), memo);
}

}  // namespace

void SetCaptureDepth(uint32_t frames) {
  if (frames < 1) frames = 1;
  if (frames > kStackCapacity) frames = kStackCapacity;
  g_depth.store(frames, std::memory_order_relaxed);
}

void SetAgentText(uintptr_t begin, uintptr_t end) {
  g_agent_begin.store(begin, std::memory_order_relaxed);
  g_agent_end.store(end, std::memory_order_relaxed);
}

uint32_t CaptureDepth() { return g_depth.load(std::memory_order_relaxed); }

bool IsAgentCode(uintptr_t pc) {
  const uintptr_t begin = g_agent_begin.load(std::memory_order_relaxed);
  return pc - begin < g_agent_end.load(std::memory_order_relaxed) - begin;
}

uint32_t WithoutAgentFrames(uintptr_t* pcs, uint32_t depth) {
  const uintptr_t begin = g_agent_begin.load(std::memory_order_relaxed);
  const uintptr_t end = g_agent_end.load(std::memory_order_relaxed);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < depth; ++i) {
    if (pcs[i] - begin >= end - begin) pcs[kept++] = pcs[i];
  }
  return kept;
}

const StackRecord* CaptureHookStack(const Registers& caller) {
  ThreadRecord* record = t_state.record;
  return Capture(caller, PcKind::kReturnAddress, UnwindContext::kHook, record, record->hook_frames);
}

const StackRecord* CaptureLockHookStack(const Registers& caller) {
  ThreadRecord* record = t_state.record;
  return Capture(caller, PcKind::kReturnAddress, UnwindContext::kSignal, record,
                 record->hook_frames);
}

const StackRecord* CaptureFrequentHookStack(const Registers& caller) {
  ThreadRecord* record = t_state.record;
  WalkMemo* memo = WalksByTables() ? MemoOf(record) : nullptr;
  if (memo == nullptr) return CaptureHookStack(caller);
  Frames frames{};
  frames.pcs = record->hook_frames;
  frames.capacity = g_depth.load(std::memory_order_relaxed);
  const ExcludedCode agent{g_agent_begin.load(std::memory_order_relaxed),
                           g_agent_end.load(std::memory_order_relaxed)};
  uint64_t hash = 0;
  const StackBounds bounds{record->stack_low, record->stack_high};
  switch (WalkRemembering(caller, bounds, agent, memo, &frames, &hash)) {
    case Recall::kSame:
      return SameUnder(CurrentLabelsOf(*record), memo);
    case Recall::kNew:
      break;
    case Recall::kNone:
      return CaptureHookStack(caller);
  }
  return Remembered(
      InternHashedStack(hash, frames.pcs, frames.depth, false, CurrentLabelsOf(*record)), memo);
}

const StackRecord* CaptureInterruptedStack(const void* ucontext, ThreadRecord* record) {
  if (record->signal_frames_busy.exchange(true, std::memory_order_relaxed)) {
    g_reentrant.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  const StackRecord* stack = Capture(RegistersFromContext(ucontext), PcKind::kExact,
                                     UnwindContext::kSignal, record, record->signal_frames);
  record->signal_frames_busy.store(false, std::memory_order_relaxed);
  return stack;
}

const StackRecord* CaptureSingleFrame(uintptr_t pc, const ThreadRecord* record) {
  const uintptr_t word = FrameWordOf(pc);
  const StackRecord* stack =
      InternStack(&word, 1, false, record != nullptr ? CurrentLabelsOf(*record) : 0);
  if (stack == nullptr) CountStoreFull();
  return stack;
}

uint64_t WalkMemoBytes() { return g_memos.mapped(); }

uint64_t StacksDroppedFull() { return g_full.load(std::memory_order_relaxed); }
uint64_t StacksDroppedReentrant() { return g_reentrant.load(std::memory_order_relaxed); }
void CountStoreFull() { g_full.fetch_add(1, std::memory_order_relaxed); }

}  // namespace pprofagent::hot
