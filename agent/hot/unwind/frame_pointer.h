// SPDX-License-Identifier: Apache-2.0
//
// One step along the chain of frame pointers: [bp] is the caller's bp, [bp + 8]
// the return address. A register that holds something else is told by where it
// points: the chain must go up, and by less than a large frame.
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

}  // namespace pprofagent::hot
