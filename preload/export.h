// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/hot/unwind/registers.h"

// A definition the program shall find instead of libc's. The list of them all
// is exports.txt.
#define PPROFAGENT_INTERPOSE extern "C" __attribute__((visibility("default"), used))

namespace pprofagent::preload {

// The registers of the function's caller at the call. The function must have a
// frame pointer, which asking for the frame address sees to.
#if defined(__x86_64__)
[[gnu::always_inline]] inline hot::Registers CallerRegisters() {
  const auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return hot::Registers{
      .pc = reinterpret_cast<uintptr_t>(__builtin_return_address(0)),
      .sp = frame + 16,
      .bp = *reinterpret_cast<const uintptr_t*>(frame),
  };
}
#endif

}  // namespace pprofagent::preload
