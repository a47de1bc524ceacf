// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/other_stack.h"

#include "agent/hot/engine/capture.h"
#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/unwind/lost_frame.h"

namespace pprofagent::hot {

namespace {

// Of the stack: so much at first, which nearly always is enough, and all where a
// lost frame is looked for. What lies beyond is read word by word, which is slower.
constexpr size_t kFirstBytes = size_t{16} << 10;
constexpr size_t kCopyBytes = size_t{80} << 10;
alignas(16) constinit unsigned char g_copy[kCopyBytes] = {};

class Walker {
 public:
  Walker(uintptr_t sp, OtherStack* stack)
      : bounds_{sp, sp + CopyMemory(sp, g_copy, kFirstBytes), g_copy}, stack_(stack) {}

  // Appends the frames from `start` on; returns the registers of the last one. In
  // the agent's own code a parked thread's record leads on, and leads better.
  Registers Walk(Registers start, PcKind kind, bool is_parked) {
    for (;;) {
      Frames frames{};
      frames.pcs = stack_->pcs + stack_->depth;
      frames.capacity = CaptureDepth() - stack_->depth;
      Unwind(start, kind, bounds_, UnwindContext::kSignal, &frames);
      stack_->depth += frames.depth;
      stack_->truncated = frames.truncated;
      stack_->complete = frames.truncated || frames.end == WalkEnd::kOutermost;
      if (stack_->complete || frames.depth == 0 || frames.last.bp != kUnknownRegister ||
          stack_->depth >= CaptureDepth()) {
        return frames.last;
      }
      Registers lost = frames.last;
      lost.pc = FrameAddress(frames.pcs[frames.depth - 1]);
      if (is_parked && IsAgentCode(lost.pc)) return frames.last;
      CopyTheRest();
      StackReader reader(bounds_);
      if (!FindLostFrame(lost, &reader, &start)) return frames.last;
      kind = PcKind::kReturnAddress;
    }
  }

 private:
  // Unless there was no more of it the first time.
  void CopyTheRest() {
    if (bounds_.high - bounds_.low != kFirstBytes) return;
    bounds_.high += CopyMemory(bounds_.high, g_copy + kFirstBytes, sizeof(g_copy) - kFirstBytes);
  }

  StackBounds bounds_;
  OtherStack* stack_;
};

// Below the outermost frames of every thread of ours is libc's start of it.
bool BeganInAgent(const OtherStack& stack) {
  constexpr uint32_t kLibcFrames = 3;
  if (!stack.complete || stack.truncated) return false;
  const uint32_t from = stack.depth > kLibcFrames ? stack.depth - kLibcFrames : 0;
  for (uint32_t i = from; i < stack.depth; ++i) {
    if (IsAgentCode(stack.pcs[i])) return true;
  }
  return false;
}

}  // namespace

ParkedFacts ReadParked(const ParkedCall& call) {
  ParkedFacts facts{};
  facts.sequence = call.sequence.load(std::memory_order_acquire);
  if (!ParkedCall::IsParked(facts.sequence)) return facts;
  facts.kind = call.kind.load(std::memory_order_relaxed);
  facts.object = call.object.load(std::memory_order_relaxed);
  facts.since_ns = call.since_ns.load(std::memory_order_relaxed);
  facts.caller = Registers{.pc = call.pc.load(std::memory_order_relaxed),
                           .sp = call.sp.load(std::memory_order_relaxed),
                           .bp = call.bp.load(std::memory_order_relaxed)};
  std::atomic_thread_fence(std::memory_order_acquire);
  if (call.sequence.load(std::memory_order_relaxed) != facts.sequence) facts.sequence = 0;
  return facts;
}

void UnwindOther(const Registers& blocked, PcKind kind, const ParkedFacts& parked,
                 OtherStack* stack) {
  stack->depth = 0;
  stack->truncated = false;
  stack->complete = false;
  const bool is_parked = ParkedCall::IsParked(parked.sequence);
  Walker walker(blocked.sp != 0 ? blocked.sp : parked.caller.sp, stack);
  uintptr_t reached = 0;
  if (blocked.sp != 0) reached = walker.Walk(blocked, kind, is_parked).sp;
  // The frames between the blocked call and the interposer are libc's; the record
  // leads on from there if they do not.
  if (!stack->complete && is_parked && reached <= parked.caller.sp) {
    walker.Walk(parked.caller, PcKind::kReturnAddress, false);
  }
  stack->began_in_agent = BeganInAgent(*stack);
  stack->depth = WithoutAgentFrames(stack->pcs, stack->depth);
}

}  // namespace pprofagent::hot
