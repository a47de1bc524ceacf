// SPDX-License-Identifier: Apache-2.0
//
// Unwinds the stack of another thread while that thread is blocked. It may wake
// up at any moment, return, even end and have its stack unmapped; so the stack is
// copied first and the walk reads the copy. Whether the thread has been at rest
// meanwhile is the caller's to find out, afterwards.
#pragma once

#include <cstdint>

#include "agent/hot/rt/parked.h"
#include "agent/hot/rt/thread_state.h"
#include "agent/hot/unwind/unwinder.h"

namespace pprofagent::hot {

// The facts of a ParkedCall, read at once.
struct ParkedFacts {
  uint32_t sequence;  // even: it was not parked
  WaitKind kind;
  uintptr_t object;
  uint64_t since_ns;
  Registers caller;
};
ParkedFacts ReadParked(const ParkedCall& call);

struct OtherStack {
  uint32_t depth;
  bool truncated;
  // The walk came to the thread's first frame, or to the depth option's last.
  bool complete;
  // The outermost frames lie in the agent: it is one of its own threads.
  bool began_in_agent;
  uintptr_t pcs[kStackCapacity];
};

// `blocked` are the registers the kernel tells of a blocked thread (pc and sp; 0:
// none), `parked` what the thread itself has left. One caller at a time.
void UnwindOther(const Registers& blocked, PcKind kind, const ParkedFacts& parked,
                 OtherStack* stack);

}  // namespace pprofagent::hot
