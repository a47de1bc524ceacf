// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace pprofagent::hot {

// The value of a register that is not known: no stack has a word there.
inline constexpr uintptr_t kUnknownRegister = 1;

// What a walk starts from and carries from frame to frame.
struct Registers {
  uintptr_t pc;
  uintptr_t sp;
  uintptr_t bp;  // the frame-pointer register, whatever it holds
  // rbx, which the loader's lazy binding keeps its frame in.
  uintptr_t bx = kUnknownRegister;
  // Of an interrupted frame: the address of the ucontext_t that has all of its
  // registers. 0: only those above are known, as in every caller.
  uintptr_t context = 0;
};

}  // namespace pprofagent::hot
