// SPDX-License-Identifier: Apache-2.0
//
// One step along the chain of frame pointers: [bp] is the caller's bp, [bp + 8]
// the return address. A register that holds something else is told by where it
// points: the chain must go up, by less than a large frame, and what lies there
// must be an address that a call returns to.
#pragma once

#include "agent/hot/unwind/checked_read.h"
#include "agent/hot/unwind/registers.h"

namespace pprofagent::hot {

// gperftools allows 100,000 bytes; frames with large arrays are more.
inline constexpr uintptr_t kLargestFrame = uintptr_t{1} << 20;
// Nothing is ever mapped in the first pages; a "return address" there is data.
inline constexpr uintptr_t kLowestCode = 4096;

// False if bp is no frame pointer. pc 0 afterwards: the outermost frame.
// Async-signal-safe.
inline bool StepByFramePointer(StackReader* stack, Registers* registers) {
  const uintptr_t frame = registers->bp;
  if (frame == 0) {  // the psABI's mark of the outermost frame
    registers->pc = 0;
    return true;
  }
  if (frame < registers->sp || frame - registers->sp > kLargestFrame) return false;
  uintptr_t bp = 0;
  uintptr_t pc = 0;
  if (!stack->ReadWord(frame, &bp) || !stack->ReadWord(frame + 8, &pc)) return false;
  if (pc != 0 && pc < kLowestCode) return false;
  *registers = Registers{.pc = pc, .sp = frame + 16, .bp = bp};
  return true;
}

// Whether a call instruction ends at this address, as before every true return
// address; what data holds hardly ever looks like that. Async-signal-safe.
inline bool FollowsACall(uintptr_t pc, StackReader* stack) {
  constexpr uintptr_t kWord = sizeof(uintptr_t);
  constexpr uint8_t kCallRelative = 0xe8;
  constexpr uint8_t kCallIndirect = 0xff;
  if (pc < kLowestCode) return false;
  // The eight bytes before it, the last one on top.
  const uintptr_t aligned = (pc - kWord) & ~(kWord - 1);
  const unsigned shift = static_cast<unsigned>(pc - kWord - aligned) * 8;
  uintptr_t bytes = 0;
  if (!stack->ReadWord(aligned, &bytes)) return false;
  if (shift != 0) {
    uintptr_t high = 0;
    if (!stack->ReadWord(aligned + kWord, &high)) return false;
    bytes = (bytes >> shift) | (high << (64 - shift));
  }
  const auto at = [bytes](unsigned before) {
    return static_cast<uint8_t>(bytes >> (8 * (kWord - before)));
  };
  if (at(5) == kCallRelative) return true;
  constexpr unsigned kIndirectSizes[] = {2, 3, 4, 6, 7};
  for (const unsigned size : kIndirectSizes) {
    if (at(size) == kCallIndirect && ((at(size - 1) >> 3) & 7) == 2) return true;
  }
  return false;
}

}  // namespace pprofagent::hot
