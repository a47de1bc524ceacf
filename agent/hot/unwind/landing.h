// SPDX-License-Identifier: Apache-2.0
//
// Where an exception lands. libgcc's functions that unwind for good
// (_Unwind_RaiseException, _Unwind_Resume, _Unwind_ForcedUnwind,
// _Unwind_Resume_or_Rethrow) return only if they fail. Once the frame to go on in
// is found, the target, such a function
//
//   1. copies the words in which the target's registers are saved over the words
//      in which it has saved its own caller's, rbx and rbp first and the return
//      address last, which from then on is the one into the target;
//   2. stores the landing pad right below the target's stack pointer, which is
//      over the return address of the function that the target has called;
//   3. loads all registers as any epilogue does, rbp last, makes the stack
//      pointer the target's, by way of rcx, and jumps.
//
// These are some 200 instructions in which the tables lead astray: after (1) all
// frames between are left out, and from the first word of it on a caller's frame
// pointer may be the target's; after (2) the target may be looked up by a landing
// pad, which need not even lie in the part of the function that the call is in.
//
// But what was there can be told. The function keeps two descriptions of frames
// (struct _Unwind_Context), of its own caller and of the target: where each
// register is saved, by DWARF number (reg[18]), CFA, the address in the frame, and
// the table of its landing pads. That much of their form has been the same since
// GCC 3: objects of different compilers in one process pass them to each other. The
// first of them has the true return address, and is known by its pointers to words
// of this very frame. That words have been copied is seen in the words: they are
// the same where the second says that the target's are. So nothing is concluded
// from how far the program has come, and a frame without all this, of whatever
// code, is what its rules say. Left-overs of an earlier throw at the same place do
// not pass: before anything is copied no frame further out has a return address
// into a caller of such a function.
//
// In (3), from where CFA is the target's, the function's frame is gone. What the
// tables lead to is right there, but it is no return address: the landing pad is
// the instruction that comes next.
#pragma once

#include <cstdint>

#include "agent/hot/unwind/cfi.h"
#include "agent/hot/unwind/checked_read.h"
#include "agent/hot/unwind/registers.h"

namespace pprofagent::hot {

// What a walk has to know further out, once it has come through such a frame.
struct Landing {
  // Where the walk has to come by: the target's stack pointer, and the return
  // address into it. 0: there was nothing to put right.
  uintptr_t sp = 0;
  uintptr_t pc = 0;
  // That return address is overwritten.
  bool pad_stored = false;
  // If the caller's frame pointer was overwritten, so that it is kUnknownRegister:
  // the frame that has it has it here at the farthest. 0: it was not.
  uintptr_t farthest_bp = 0;

  // Puts the return address into the target right, when a step has come to it.
  void Correct(Registers* caller) {
    if (!pad_stored || caller->sp < sp) return;
    if (caller->sp == sp) caller->pc = pc;
    pad_stored = false;
  }
  // The return address at `address`, where there is `word` now.
  uintptr_t Corrected(uintptr_t address, uintptr_t word) const {
    return pad_stored && address + sizeof(word) == sp ? pc : word;
  }
};

// Whether an interrupted frame that may land is at the end of (3): the caller is
// the target, and its pc the landing pad.
bool HasLeft(const FrameRules& rules, const Registers& frame, StackReader* stack);

// The caller of a frame that may land and has not left, as its rules have it, is
// put right. `interrupted`: the frame is in the middle of an instruction, not of a
// call. Async-signal-safe.
void UndoLanding(const FrameRules& rules, const Registers& frame, bool interrupted,
                 StackReader* stack, Registers* caller, Landing* landing);

}  // namespace pprofagent::hot
