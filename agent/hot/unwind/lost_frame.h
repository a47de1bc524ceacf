// SPDX-License-Identifier: Apache-2.0
//
// Finds a frame whose base nobody kept. Of a thread blocked in a system call the
// kernel tells the stack pointer and the program counter, no other register.
// Frames that hang on the stack pointer are unwound from those; the first one
// that hangs on the frame pointer (a function of an unoptimised program, or one
// with an array of variable length) is only found if a function called from it
// has saved that register. And where an exception lands what was saved of it is
// overwritten (landing.h).
//
// Such a frame looks the same in all code: the saved frame pointer and above it
// the return address. So its place is searched from the stack pointer upward,
// and taken only if it is proven: the return address must follow a call
// instruction, and either that call goes to the very function the lost frame
// belongs to (directly, through its PLT entry, or through a pointer that the
// instruction names), or, if the call is indirect (as those of main and of every
// thread's routine are), the place must be where the function's prologue puts it.
// A part that the compiler has moved away from its function (where that handles
// exceptions, above all) is nobody's to call and has no prologue: it is taken for
// its function, which jumps to it. Left-overs of earlier calls pass none of these.
#pragma once

#include <cstdint>

#include "agent/hot/unwind/cfi.h"
#include "agent/hot/unwind/checked_read.h"
#include "agent/hot/unwind/landing.h"
#include "agent/hot/unwind/registers.h"

namespace pprofagent::hot {

// `frame` is a frame of unknown frame pointer: pc (an address inside its
// function) and sp are right. Puts its caller's registers into `caller`; false if
// no place in the stack is proven. Not for signal handlers: 10 us and more.
bool FindLostFrame(const Registers& frame, StackReader* stack, Registers* caller);

// Whether a walk that goes on from this frame pointer comes to where it has to.
struct BaseCheck {
  bool (*leads_on)(void* context, uintptr_t bp);
  void* context;
};

// The frame pointer alone, where a landing has overwritten it. `tables`: of the
// module. Async-signal-safe; what is searched ends at the target.
bool FindFrameBase(const CfiModule& tables, const Registers& frame, const Landing& landing,
                   const BaseCheck& check, StackReader* stack, uintptr_t* bp);

}  // namespace pprofagent::hot
