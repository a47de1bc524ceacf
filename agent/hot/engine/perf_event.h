// SPDX-License-Identifier: Apache-2.0
//
// One thread's perf event: after every so many nanoseconds of its CPU time the
// kernel sends the thread a real-time signal, by a timer of high resolution and
// not at its tick.
//
// A descriptor stands for the event, in the helper's table, which the program
// does not see: only the helper calls these functions. All are raw system calls.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

struct PerfEvent {
  int descriptor;    // negative: the kernel refused, a negated errno
  bool kernel_time;  // expirations in the kernel's own code are signalled too
};

// Disabled as yet. The kernel's own time is asked for first, which needs
// privileges.
PerfEvent OpenPerfEvent(int32_t tid, uint64_t period, int signal);
void EnablePerfEvent(int descriptor);
void ClosePerfEvent(int descriptor);

}  // namespace pprofagent::hot
