// SPDX-License-Identifier: Apache-2.0
//
// For calls that may wait and cannot be tried first: sleeping, input and output.
// Off by default (option BLOCK_KINDS), and then a test and a jump; on, every call
// is timed, two readings of the clock beside a system call.
//
// Cancellation: see waiting.h.
#pragma once

#include "agent/hot/hooks.h"
#include "agent/hot/rt/real_io.h"
#include "preload/export.h"

namespace pprofagent::preload {

using hot::g_real_io;
using hot::WaitKind;

// What a call waits for: nothing that has a name, or the descriptor that is its
// first argument.
enum class On : uint8_t { kNothing, kDescriptor };

template <On kOn, typename First, typename... Rest>
inline const void* ObjectOf(First first, Rest...) {
  if constexpr (kOn == On::kDescriptor) {
    return reinterpret_cast<const void*>(static_cast<intptr_t>(first));
  } else {
    return nullptr;
  }
}

// Entered by a tail call from the interposer, with the same arguments, so that
// the caller is the program.
template <WaitKind kKind, On kOn, auto kEntry, typename Type = decltype(kEntry)>
struct Timed;
template <WaitKind kKind, On kOn, auto kEntry, typename Result, typename... Arguments>
struct Timed<kKind, kOn, kEntry, Result (*hot::RealIo::*)(Arguments...)> {
  [[gnu::noinline]] static Result Call(Arguments... arguments) {
    hot::Wait wait(kKind, ObjectOf<kOn>(arguments...), CallerRegisters());
    const Result result = (g_real_io.*kEntry)(arguments...);
    wait.End(true);
    return result;
  }
};

template <auto kEntry>
constexpr auto kTimedSleep = &Timed<WaitKind::kSleep, On::kNothing, kEntry>::Call;
template <auto kEntry>
constexpr auto kTimedPoll = &Timed<WaitKind::kIo, On::kNothing, kEntry>::Call;
template <auto kEntry>
constexpr auto kTimedIo = &Timed<WaitKind::kIo, On::kDescriptor, kEntry>::Call;

}  // namespace pprofagent::preload
