// SPDX-License-Identifier: Apache-2.0
//
// Finds a frame whose base nobody kept. Of a thread blocked in a system call the
// kernel tells the stack pointer and the program counter, no other register.
// Frames that hang on the stack pointer are unwound from those; the first one
// that hangs on the frame pointer (a function of an unoptimised program, or one
// with an array of variable length) is only found if a function called from it
// has saved that register.
//
// Such a frame looks the same in all code: the saved frame pointer and above it
// the return address. So its place is searched from the stack pointer upward,
// and taken only if it is proven: the return address must follow a call
// instruction, and either that call goes to the very function the lost frame
// belongs to (directly, or through its PLT entry), or, if the call is indirect
// (as those of main and of every thread's routine are), the place must be where
// the function's prologue puts it. Left-overs of earlier calls pass neither.
#pragma once

#include <cstdint>

#include "agent/hot/unwind/checked_read.h"
#include "agent/hot/unwind/registers.h"

namespace pprofagent::hot {

// `frame` is a frame of unknown frame pointer: pc (an address inside its
// function) and sp are right. Puts its caller's registers into `caller`; false if
// no place in the stack is proven. Not for signal handlers: 10 us and more.
bool FindLostFrame(const Registers& frame, StackReader* stack, Registers* caller);

}  // namespace pprofagent::hot
