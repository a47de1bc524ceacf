// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/lost_frame.h"

#include <string.h>

#include <cstddef>

#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/unwind/call_site.h"
#include "agent/hot/unwind/cfi_records.h"
#include "agent/hot/unwind/vanishing_module.h"

namespace pprofagent::hot {

namespace {

constexpr uintptr_t kWord = sizeof(uintptr_t);
// A frame that is not where the prologue puts it is looked for this far.
constexpr uintptr_t kFarthest = uintptr_t{64} << 10;
// Arguments a caller may have pushed below the frame's own part.
constexpr uintptr_t kPushedArguments = 256;

// Its unwind tables tell where a function, or a part of one, begins and ends.
bool FindPart(const CfiModule& tables, uintptr_t pc, Fde* part) {
  return FindFdeInEhFrame(tables, pc, part) ||
         (tables.debug_frame != nullptr && FindFdeInDebugFrame(*tables.debug_frame, pc, part));
}

// Bytes between the frame pointer and the stack pointer after the prologue: what
// is pushed and subtracted after "mov %rsp,%rbp", but for what alignment adds to
// it. False if it is another one.
bool FrameSizeOf(uintptr_t function, uintptr_t* size) {
  const Code code = Code::At(function);
  size_t at = 0;
  while (!code.Has(at, {0x48, 0x89, 0xe5}) && !code.Has(at, {0x48, 0x8b, 0xec})) {
    if (++at >= code.size) return false;
  }
  at += 3;
  *size = 0;
  for (; at < code.size; ++at, *size += kWord) {
    if (code.Has(at, {0x41})) ++at;
    if (at >= code.size || (code.bytes[at] & 0xf8) != 0x50) break;
  }
  if (code.Has(at, {0x48, 0x83, 0xe4})) at += 4;  // and $-N,%rsp
  int32_t subtracted = 0;
  if (code.Has(at, {0x48, 0x83, 0xec}) && at + 3 < code.size) {
    constexpr int32_t kSign = 0x80;
    subtracted = (code.bytes[at + 3] ^ kSign) - kSign;
  } else if (code.Has(at, {0x48, 0x81, 0xec}) && !code.Read32(at + 3, &subtracted)) {
    return false;
  }
  *size += static_cast<uintptr_t>(static_cast<intptr_t>(subtracted));
  return true;
}

// --- The function that a part was cut from -----------------------------------

// Whether a jump (e9 or 0f 8x, with an offset of four bytes) leads from one to the
// other.
[[gnu::noinline]] bool HasJump(const Fde& from, const Fde& to) {
  constexpr uintptr_t kSearched = uintptr_t{32} << 10;
  constexpr size_t kOffset = sizeof(int32_t);
  constexpr size_t kLongestJump = 2 + kOffset;
  const uintptr_t low = from.end - from.begin > kSearched ? from.end - kSearched : from.begin;
  uint8_t code[256];
  // What handles exceptions is at a function's end.
  for (uintptr_t end = from.end; end - low >= kLongestJump;) {
    const uintptr_t begin = end - low > sizeof(code) ? end - sizeof(code) : low;
    const size_t size = CopyMemory(begin, code, end - begin);
    for (size_t i = 0; i + 1 + kOffset <= size; ++i) {
      const bool is_conditional = i > 0 && code[i - 1] == 0x0f && (code[i] >> 4) == 8;
      if (code[i] != 0xe9 && !is_conditional) continue;
      int32_t offset = 0;
      memcpy(&offset, code + i + 1, sizeof(offset));
      const uintptr_t after = begin + i + 1 + kOffset;
      const uintptr_t target = after + static_cast<uintptr_t>(intptr_t{offset});
      if (target >= to.begin && target < to.end) return true;
    }
    end = begin + kLongestJump - 1;
  }
  return false;
}

class Search {
 public:
  Search(const CfiModule& tables, const Registers& frame, const Landing& landing,
         const BaseCheck& check, StackReader* stack)
      : sp_(frame.sp), landing_(landing), check_(check), stack_(stack) {
    Fde part;
    if (!FindPart(tables, frame.pc, &part)) return;
    function_ = part.begin;
    has_size_ = FrameSizeOf(function_, &size_);
    Fde whole;
    if (has_size_ || !FindFdeBefore(tables, frame.pc, &whole) || !HasJump(whole, part)) return;
    function_ = whole.begin;
    has_size_ = FrameSizeOf(function_, &size_);
  }

  // The place of the saved frame pointer.
  bool Find(uintptr_t* place) const {
    if (function_ == 0) return false;
    *place = sp_ + size_;
    // Nearly always it is where the prologue put it.
    return (has_size_ && IsAt(*place)) || Scan(place);
  }

 private:
  bool Scan(uintptr_t* place) const {
    for (*place = sp_; *place <= landing_.farthest_bp; *place += kWord) {
      uintptr_t word = 0;
      if (!stack_->ReadWord(*place + kWord, &word)) return false;
      if (IsProven(*place, word) && LeadsOn(*place)) return true;
    }
    return false;
  }

  bool IsAt(uintptr_t place) const {
    uintptr_t word = 0;
    return place <= landing_.farthest_bp && stack_->ReadWord(place + kWord, &word) &&
           IsProven(place, word) && LeadsOn(place);
  }

  bool LeadsOn(uintptr_t place) const {
    return check_.leads_on == nullptr || check_.leads_on(check_.context, place);
  }

  // Whether the frame pointer was `place`, given the word above it.
  bool IsProven(uintptr_t place, uintptr_t word) const {
    const uintptr_t return_address = landing_.Corrected(place + kWord, word);
    if (!IsInModule(return_address)) return false;
    const Call call = CallBefore(return_address);
    if (call.kind == Call::kNone) return false;
    return call.target == function_ ||
           (call.kind == Call::kIndirect && has_size_ && place - sp_ >= size_ &&
            place - sp_ <= size_ + kPushedArguments);
  }

  const uintptr_t sp_;
  const Landing& landing_;
  const BaseCheck& check_;
  StackReader* const stack_;
  uintptr_t function_ = 0;
  uintptr_t size_ = 0;
  bool has_size_ = false;
};

}  // namespace

bool FindFrameBase(const CfiModule& tables, const Registers& frame, const Landing& landing,
                   const BaseCheck& check, StackReader* stack, uintptr_t* bp) {
  return Search(tables, frame, landing, check, stack).Find(bp);
}

bool FindLostFrame(const Registers& frame, StackReader* stack, Registers* caller) {
  const Landing nowhere{.farthest_bp = frame.sp + kFarthest - kWord};
  Module module{};
  uintptr_t place = 0;
  uintptr_t bp = 0;
  uintptr_t pc = 0;
  if (!FindVanishingModule(frame.pc, &module) ||
      !FindFrameBase(VanishingTablesOf(module), frame, nowhere, {}, stack, &place) ||
      !WereTablesOf(module) || !stack->ReadWord(place, &bp) ||
      !stack->ReadWord(place + kWord, &pc)) {
    return false;
  }
  *caller = Registers{.pc = pc, .sp = place + 2 * kWord, .bp = bp};
  return true;
}

}  // namespace pprofagent::hot
