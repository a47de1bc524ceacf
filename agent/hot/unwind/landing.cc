// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/landing.h"

namespace pprofagent::hot {

namespace {

constexpr uintptr_t kWord = sizeof(uintptr_t);
// Those frames have some 1,000 bytes.
constexpr uintptr_t kLargestFrame = uintptr_t{8} << 10;

// struct _Unwind_Context, as far as it is of interest.
constexpr uintptr_t SavedAt(uint64_t number) { return uintptr_t{number} * kWord; }
constexpr uintptr_t kCfaAt = SavedAt(kDwarfReturnAddress + 2);
constexpr uintptr_t kAddressAt = kCfaAt + kWord;
constexpr uintptr_t kLsdaAt = kAddressAt + kWord;
constexpr uintptr_t kContextBytes = kLsdaAt + kWord;

class Frame {
 public:
  Frame(const FrameRules& rules, const Registers& frame, uintptr_t cfa, StackReader* stack)
      : low_(cfa - frame.sp > kLargestFrame ? cfa - kLargestFrame : frame.sp),
        cfa_(cfa),
        bp_at_(SlotOf(rules.frame_pointer)),
        bx_at_(SlotOf(rules.rbx)),
        stack_(stack) {}

  // Calls visit(context) for each place where one may be, until it returns true.
  template <typename Visit>
  bool FindContext(const Visit& visit) const {
    for (uintptr_t at = low_; at + kContextBytes <= cfa_; at += kWord) {
      if (visit(at)) return true;
    }
    return false;
  }

  // Of this frame's caller, from the beginning: the tables for landing pads are
  // this function's, which has none.
  bool IsOwn(uintptr_t context) const {
    return Word(context + kCfaAt) == cfa_ && Saved(context, kDwarfReturnAddress) == cfa_ - kWord &&
           Word(context + kLsdaAt) == 0 && (bp_at_ == 0 || Saved(context, kDwarfRbp) == bp_at_) &&
           (bx_at_ == 0 || Saved(context, kDwarfRbx) == bx_at_);
  }

  // Of a frame that has landing pads, by what holds of every frame: its callee's
  // CFA is its own stack pointer, and the return address lies below.
  bool IsTarget(uintptr_t context) const {
    const uintptr_t cfa = Word(context + kCfaAt);
    return cfa >= cfa_ && Saved(context, kDwarfReturnAddress) == cfa - kWord &&
           Word(context + kLsdaAt) != 0;
  }

  uintptr_t Word(uintptr_t address) const {
    uintptr_t word = 0;
    return stack_->ReadWord(address, &word) ? word : 0;
  }
  // Where the register is saved.
  uintptr_t Saved(uintptr_t context, uint64_t number) const {
    return Word(context + SavedAt(number));
  }

  // Where the value over this frame's is from; 0: it is this frame's own.
  // `copied`: that all that was to be copied has been.
  uintptr_t BpSource(uintptr_t target, bool copied) const {
    return Source(target, kDwarfRbp, bp_at_, copied);
  }
  uintptr_t BxSource(uintptr_t target, bool copied) const {
    return Source(target, kDwarfRbx, bx_at_, copied);
  }

 private:
  uintptr_t SlotOf(const RegisterRule& rule) const {
    return rule.kind == RegisterRule::kAtCfa ? cfa_ + static_cast<uintptr_t>(rule.value) : 0;
  }

  // Equal words are no proof, but where they are equal by chance, some frame
  // between has saved the very value, and nobody uses it before that is loaded.
  uintptr_t Source(uintptr_t target, uint64_t number, uintptr_t own, bool copied) const {
    const uintptr_t source = Saved(target, number);
    if (own == 0 || source == own || source == 0) return 0;
    return copied || Word(source) == Word(own) ? source : 0;
  }

  const uintptr_t low_;
  const uintptr_t cfa_;
  const uintptr_t bp_at_;
  const uintptr_t bx_at_;
  StackReader* const stack_;
};

}  // namespace

// CFA comes from rcx, then from the stack pointer, which is the same, and at last
// the landing pad is in rcx.
bool HasLeft(const FrameRules& rules, const Registers& frame, StackReader* stack) {
  if (rules.cfa != FrameRules::kCfaFromRegister ||
      rules.frame_pointer.kind == RegisterRule::kAtCfa) {
    return false;
  }
  if (rules.cfa_register == kDwarfRcx || rules.return_address.kind == RegisterRule::kInRegister) {
    return true;
  }
  uintptr_t rcx = 0;
  return rules.cfa_register == kDwarfRsp && rules.cfa_offset == static_cast<int64_t>(kWord) &&
         ReadRegister(kDwarfRcx, frame, stack, &rcx) && rcx == frame.sp;
}

void UndoLanding(const FrameRules& rules, const Registers& frame, bool interrupted,
                 StackReader* stack, Registers* caller, Landing* landing) {
  if (caller->sp < frame.sp) return;
  const Frame words(rules, frame, caller->sp, stack);
  uintptr_t own = 0;
  if (!words.FindContext([&](uintptr_t at) {
        own = at;
        return words.IsOwn(at);
      })) {
    return;
  }
  words.FindContext([&](uintptr_t target) {
    if (!words.IsTarget(target)) return false;
    const uintptr_t target_sp = words.Word(target + kCfaAt);
    // Into the target: what is there now, and what is in this frame's place.
    const uintptr_t present = words.Word(words.Saved(target, kDwarfReturnAddress));
    const uintptr_t kept = caller->pc;
    const uintptr_t address = words.Word(own + kAddressAt);
    // The landing pad is stored among this function's last instructions.
    const bool pad_stored = interrupted && present == words.Word(target + kAddressAt);
    // This frame's caller itself needs no copying, and has the pad stored here.
    const bool copied = present != 0 && kept != address &&
                        ((present == kept && target_sp != caller->sp) || pad_stored);
    const uintptr_t bp_source = words.BpSource(target, copied);
    const uintptr_t bx_source = words.BxSource(target, copied);
    if (!copied && bp_source == 0 && bx_source == 0) return false;
    *landing = Landing{.sp = target_sp,
                       .pc = copied ? kept : present,
                       .pad_stored = copied && present != kept,
                       .farthest_bp = bp_source};
    if (copied) caller->pc = address;
    if (bp_source != 0) caller->bp = kUnknownRegister;
    if (bx_source != 0) caller->bx = kUnknownRegister;
    return true;
  });
}

}  // namespace pprofagent::hot
