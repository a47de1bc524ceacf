// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/lost_frame.h"

#include <string.h>

#include <cstddef>
#include <initializer_list>

#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/unwind/cfi_records.h"
#include "agent/hot/unwind/vanishing_module.h"

namespace pprofagent::hot {

namespace {

constexpr uintptr_t kWord = sizeof(uintptr_t);
// A frame that is not where the prologue puts it is looked for this far.
constexpr uintptr_t kFarthest = uintptr_t{64} << 10;
// Arguments a caller may have pushed below the frame's own part.
constexpr uintptr_t kPushedArguments = 256;

// Code is read by copies: nothing here knows which pages of a module are mapped,
// nor whether it stays.
struct Code {
  uint8_t bytes[48];
  size_t size;

  static Code At(uintptr_t address) {
    Code code;
    code.size = CopyMemory(address, code.bytes, sizeof(code.bytes));
    return code;
  }
  bool Has(size_t at, std::initializer_list<uint8_t> wanted) const {
    if (at + wanted.size() > size) return false;
    for (const uint8_t byte : wanted) {
      if (bytes[at++] != byte) return false;
    }
    return true;
  }
  bool Read32(size_t at, int32_t* value) const {
    if (at + sizeof(*value) > size) return false;
    memcpy(value, bytes + at, sizeof(*value));
    return true;
  }
};

constexpr size_t kEndbrSize = 4;
size_t AfterEndbr(const Code& code) {
  return code.Has(0, {0xf3, 0x0f, 0x1e, 0xfa}) ? kEndbrSize : 0;
}

// --- The function a pc is in -------------------------------------------------

// Where it begins, by its unwind tables; 0: unknown.
uintptr_t FunctionOf(uintptr_t pc) {
  Module module{};
  if (!FindVanishingModule(pc, &module)) return 0;
  const uintptr_t function = FunctionBefore(VanishingTablesOf(module), pc);
  return WereTablesOf(module) ? function : 0;
}

// --- What a return address returns from --------------------------------------

enum class Call : uint8_t { kNone, kDirect, kIndirect };

// A jump through a pointer (a PLT entry) goes where the pointer says.
uintptr_t BehindPlt(uintptr_t target) {
  const Code code = Code::At(target);
  size_t at = AfterEndbr(code);
  if (code.Has(at, {0xf2})) ++at;
  int32_t offset = 0;
  if (!code.Has(at, {0xff, 0x25}) || !code.Read32(at + 2, &offset)) return target;
  uintptr_t pointer = 0;
  const uintptr_t slot = target + at + 6 + static_cast<uintptr_t>(static_cast<intptr_t>(offset));
  return CopyObject(slot, &pointer) ? pointer : target;
}

// call r/m64 is ff /2; by the length of what follows the opcode.
bool EndsInIndirectCall(const uint8_t* bytes, size_t size) {
  for (const size_t length : {2, 3, 4, 6, 7}) {
    const uint8_t* at = bytes + size - length;
    if (at[0] != 0xff || (at[1] & 0x38) != 0x10) continue;
    const uint8_t mode = at[1] >> 6;
    const bool has_sib = mode != 3 && (at[1] & 7) == 4;
    const bool is_absolute = mode == 0 && (at[1] & 7) == 5;
    const bool is_sib_absolute = mode == 0 && has_sib && (at[2] & 7) == 5;
    const size_t displacement = mode == 1                                       ? 1
                                : (mode == 2 || is_absolute || is_sib_absolute) ? 4
                                                                                : 0;
    if (length == 2 + (has_sib ? 1u : 0u) + displacement) return true;
  }
  return false;
}

Call CallBefore(uintptr_t return_address, uintptr_t* target) {
  uint8_t bytes[7];
  if (!CopyObject(return_address - sizeof(bytes), &bytes)) return Call::kNone;
  constexpr size_t kDirectAt = sizeof(bytes) - 5;
  if (bytes[kDirectAt] == 0xe8) {
    int32_t offset = 0;
    memcpy(&offset, bytes + kDirectAt + 1, sizeof(offset));
    *target = BehindPlt(return_address + static_cast<uintptr_t>(static_cast<intptr_t>(offset)));
    return Call::kDirect;
  }
  return EndsInIndirectCall(bytes, sizeof(bytes)) ? Call::kIndirect : Call::kNone;
}

// --- Where the prologue puts the frame ---------------------------------------

// Bytes between the frame pointer and the stack pointer after the prologue: what
// is pushed and subtracted after "mov %rsp,%rbp". False if it is another one.
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

class Search {
 public:
  Search(const Registers& frame, StackReader* stack)
      : sp_(frame.sp), stack_(stack), function_(FunctionOf(frame.pc)) {
    has_size_ = function_ != 0 && FrameSizeOf(function_, &size_);
  }

  bool Find(Registers* caller) const {
    if (function_ == 0) return false;
    // Nearly always it is where the prologue put it.
    return (has_size_ && Take(sp_ + size_, caller)) || Scan(caller);
  }

 private:
  bool Scan(Registers* caller) const {
    for (uintptr_t place = sp_; place - sp_ < kFarthest; place += kWord) {
      uintptr_t word = 0;
      if (!stack_->ReadWord(place + kWord, &word)) return false;
      if (IsProven(place, word) && Take(place, caller)) return true;
    }
    return false;
  }

  bool Take(uintptr_t place, Registers* caller) const {
    uintptr_t bp = 0;
    uintptr_t pc = 0;
    if (!stack_->ReadWord(place, &bp) || !stack_->ReadWord(place + kWord, &pc)) return false;
    if (!IsProven(place, pc)) return false;
    *caller = Registers{.pc = pc, .sp = place + 2 * kWord, .bp = bp};
    return true;
  }

  // Whether the frame pointer was `place`, given the word above it.
  bool IsProven(uintptr_t place, uintptr_t return_address) const {
    if (!IsInModule(return_address)) return false;
    uintptr_t target = 0;
    switch (CallBefore(return_address, &target)) {
      case Call::kDirect:
        return target == function_;
      case Call::kIndirect:
        return has_size_ && place - sp_ >= size_ && place - sp_ <= size_ + kPushedArguments;
      case Call::kNone:
        break;
    }
    return false;
  }

  uintptr_t sp_;
  StackReader* stack_;
  uintptr_t function_;
  uintptr_t size_ = 0;
  bool has_size_ = false;
};

}  // namespace

bool FindLostFrame(const Registers& frame, StackReader* stack, Registers* caller) {
  return Search(frame, stack).Find(caller);
}

}  // namespace pprofagent::hot
