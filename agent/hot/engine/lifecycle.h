// SPDX-License-Identifier: Apache-2.0
//
// The hot part's turning points, called by agent.cc only.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

struct HotOptions {
  int64_t heap_rate;
  int64_t mutex_fraction = 0;
  int64_t block_rate = 0;
  bool block_io = false;
  uint32_t stack_depth;
  bool perf_events = false;
  bool memory_trace = false;
  // The agent's own code, left out of stacks.
  uintptr_t agent_text_begin;
  uintptr_t agent_text_end;
};

// In the constructor of the agent, once, before any other thread can exist that
// is not the program's.
void InitializeHot(const HotOptions& options);

// Around a fork, in the thread that makes it: nothing it does is recorded.
void SuspendRecording();
void ResumeRecording();

// In the child of a fork, before anything else of the agent: locks are free,
// only the calling thread exists, the CPU session (if any) goes on for it.
void HotAfterFork();
// Or instead: the child records nothing and answers nobody, its memory may be in
// any state.
void SleepForEver();

}  // namespace pprofagent::hot
