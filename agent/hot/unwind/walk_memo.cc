// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/walk_memo.h"

#include "agent/hot/unwind/checked_read.h"
#include "agent/hot/unwind/rule_cache.h"
#include "agent/hot/unwind/stack_hash.h"

namespace pprofagent::hot {

namespace {

constexpr uint32_t kLongestPause = 256;

// The words are inside the known part of the stack: a memo's frames lie between
// the first frame's stack pointer and the end that was the stack's then, and
// the caller has compared both with what holds now.
PPROFAGENT_READS_ANYTHING uintptr_t WordAt(uintptr_t address) {
  return *reinterpret_cast<const volatile uintptr_t*>(address);
}

bool ModulesAreTheSame(const WalkMemo& memo, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    Module module;
    if (!FindModule(memo.modules[i].lookup, &module) ||
        module.identity != memo.modules[i].identity) {
      return false;
    }
  }
  return true;
}

// One walk.
class Walker {
 public:
  Walker(const Registers& start, const StackBounds& bounds, const ExcludedCode& excluded,
         WalkMemo* memo)
      : registers_(start),
        bounds_(bounds),
        excluded_(excluded),
        memo_(memo),
        stack_(bounds),
        candidate_(memo->depth) {
    stack_.EnterStackAt(start.sp);
    // What was read beyond the stack as it is now must not be read again.
    if (memo->depth != 0 &&
        (memo->frames[0].sp > bounds.high || memo->end_at >= bounds.high - sizeof(uintptr_t))) {
      candidate_ = 0;
    }
  }

  // False: not a walk that can be remembered.
  bool Run(uint32_t capacity) {
    for (;;) {
      if (Join()) break;
      if (fresh_ == WalkMemo::kFrames || fresh_ == capacity) return false;
      if (!Step()) return false;
      if (registers_.pc == 0) break;
    }
    return joined_ + fresh_ <= capacity && Keep();
  }

  uint32_t fresh() const { return fresh_; }

 private:
  // Whether the rest of this walk is the rest of the last one.
  bool Join() {
    while (candidate_ > 0) {
      const WalkMemo::Frame& frame = memo_->frames[candidate_ - 1];
      if (frame.sp > registers_.sp) return false;
      if (frame.sp == registers_.sp && frame.pc == registers_.pc && RestIsTheSame()) {
        joined_ = candidate_;
        return true;
      }
      if (candidate_ == 0 || memo_->frames[candidate_ - 1].sp > registers_.sp) return false;
      --candidate_;
    }
    return false;
  }

  // Of the frames from the candidate outwards. If they are not, the frame at
  // which they differ, and what lies inside of it, are candidates no more.
  bool RestIsTheSame() {
    WalkMemo::Frame* const frames = memo_->frames;
    const uintptr_t here = registers_.sp;
    for (uint32_t i = candidate_; i-- > 0;) {
      WalkMemo::Frame& frame = frames[i];
      if (frame.bp_at != WalkMemo::kNotUsed) {
        const bool is_inner = frame.bp_at < here;
        if ((is_inner ? registers_.bp : WordAt(frame.bp_at)) != frame.bp) {
          candidate_ = i;
          return false;
        }
        // This walk may have it from elsewhere.
        if (is_inner) frame.bp_at = bp_at_;
      }
      if (i > 0 && WordAt(frames[i - 1].sp - sizeof(uintptr_t)) != frames[i - 1].pc) {
        candidate_ = i;
        return false;
      }
    }
    if ((memo_->end_at != 0 && WordAt(memo_->end_at) != 0) ||
        !ModulesAreTheSame(*memo_, frames[candidate_ - 1].module_count)) {
      candidate_ = 0;
      return false;
    }
    return true;
  }

  bool EnterModule(uintptr_t lookup) {
    if (module_.Contains(lookup)) return true;
    if (!FindModule(lookup, &module_)) return false;
    return reinterpret_cast<uintptr_t>(module_.end) <= excluded_.begin ||
           reinterpret_cast<uintptr_t>(module_.begin) >= excluded_.end;
  }

  bool Step() {
    const uintptr_t lookup = registers_.pc - 1;
    if (!EnterModule(lookup)) return false;
    PackedRule rule = FindCachedRule(lookup, module_.identity);
    // Two frames of one stack may displace each other in the small table, always.
    if (rule == 0) [[unlikely]]
      rule = RecallRule(lookup, module_.identity);
    if (rule == 0 || rule == kPackedNoRule) return false;
    WalkMemo::Frame& frame = memo_->fresh[fresh_++];
    frame.pc = registers_.pc;
    frame.sp = registers_.sp;
    frame.hash = module_.identity;  // until the walk is kept
    frame.generation = FrameGeneration(module_.generation);
    const bool from_bp = (rule & 3) == packed::kFromBp;
    frame.bp = registers_.bp;
    frame.bp_at = from_bp ? bp_at_ : WalkMemo::kNotUsed;
    const uintptr_t sp = registers_.sp;
    if (!ApplyPackedRule(rule, &stack_, &registers_) || registers_.sp <= sp) return false;
    if ((rule & packed::kUndefined) != 0) return true;  // it was the outermost
    if (registers_.sp > bounds_.high) return false;
    if (registers_.pc == 0) end_at_ = registers_.sp - sizeof(uintptr_t);
    if ((rule & packed::kBpSaved) != 0) {
      bp_at_ = registers_.sp + packed::Unpack(rule, packed::kSavedBits, packed::kBpAt);
      return bp_at_ >= sp && bp_at_ < registers_.sp && bp_at_ % sizeof(uintptr_t) == 0;
    }
    return true;
  }

  // Puts the fresh frames on top of the common ones.
  bool Keep() {
    WalkMemo* const memo = memo_;
    if (joined_ + fresh_ > WalkMemo::kFrames) return false;
    if (joined_ == 0) memo->end_at = end_at_;
    uint64_t hash = joined_ > 0 ? memo->frames[joined_ - 1].hash : kEmptyStackHash;
    uint32_t modules = joined_ > 0 ? memo->frames[joined_ - 1].module_count : 0;
    uint32_t at = joined_;
    for (uint32_t i = fresh_; i-- > 0;) {
      WalkMemo::Frame& frame = memo->frames[at++];
      frame = memo->fresh[i];
      const uintptr_t lookup = frame.pc - 1;
      if (!AddModule(lookup, frame.hash, &modules)) return false;
      hash = HashWithFrame(hash, frame.Word());
      frame.hash = hash;
      frame.module_count = modules;
    }
    memo->depth = at;
    return true;
  }

  bool AddModule(uintptr_t lookup, uint64_t identity, uint32_t* count) const {
    for (uint32_t i = *count; i-- > 0;) {
      if (memo_->modules[i].identity == identity) return true;
    }
    if (*count == WalkMemo::kModules) return false;
    memo_->modules[(*count)++] = {lookup, identity};
    return true;
  }

  Registers registers_;
  const StackBounds& bounds_;
  const ExcludedCode& excluded_;
  WalkMemo* const memo_;
  StackReader stack_;
  Module module_{};
  // Frames of the memo that may still be met: the first so many.
  uint32_t candidate_;
  uint32_t joined_ = 0;
  uint32_t fresh_ = 0;
  // Where the frame pointer was loaded from; 0: it is the one of the start.
  uintptr_t bp_at_ = 0;
  uintptr_t end_at_ = 0;
};

void Forget(WalkMemo* memo) {
  memo->depth = 0;
  memo->stack = nullptr;
  memo->next_pause = memo->next_pause < kLongestPause ? memo->next_pause * 2 + 1 : kLongestPause;
  memo->pause = memo->next_pause;
}

}  // namespace

Recall WalkRemembering(const Registers& start, const StackBounds& bounds,
                       const ExcludedCode& excluded, WalkMemo* memo, Frames* frames,
                       uint64_t* hash) {
  if (start.sp < bounds.low || start.sp >= bounds.high) return Recall::kNone;
  if (memo->pause > 0) {
    --memo->pause;
    return Recall::kNone;
  }
  Walker walker(start, bounds, excluded, memo);
  const uint32_t before = memo->depth;
  if (!walker.Run(frames->capacity)) {
    Forget(memo);
    return Recall::kNone;
  }
  memo->next_pause = 0;
  if (walker.fresh() == 0 && memo->depth == before && memo->stack != nullptr) return Recall::kSame;
  const uint32_t depth = memo->depth;
  for (uint32_t i = 0; i < depth; ++i) frames->pcs[i] = memo->frames[depth - 1 - i].Word();
  frames->depth = depth;
  frames->truncated = false;
  frames->end = WalkEnd::kOutermost;
  *hash = memo->frames[depth - 1].hash;
  memo->stack = nullptr;
  return Recall::kNew;
}

}  // namespace pprofagent::hot
