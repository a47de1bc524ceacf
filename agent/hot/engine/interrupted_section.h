// SPDX-License-Identifier: Apache-2.0
//
// Whether the program is, at this moment, in a signal handler of its own that
// interrupted libc, the loader or the allocator: a crash reporter forks in one, a
// server that was told to stop calls _exit in one. What the interrupted code was
// in the middle of, a heap above all, is then not to be touched: no thread started,
// nothing allocated, no lock waited for that it may hold.
//
// The handler's own frame is not asked for (nobody tells us of it) but the stack:
// a handler returns to libc's restorer, which stands in the walk of its stack, and
// what comes next is the instruction that was interrupted. safe_point.h tells
// whether that one can be in a critical section.
//
// Forks. In a process of one thread libc's fork takes no locks, for the sake of just
// such handlers (crash reporters). With the helper there are two threads, and it would
// wait for the lock that the interrupted malloc holds. So the helper stops at a place
// where it holds no lock and uses no heap, libc is told for the length of the fork that
// the process has one thread, and in the child, which has, the agent stays asleep
// (ForkBeginsInHandler in hooks.h).
//
// Ends. Where no helper runs there is nobody to write the files for the end of the
// process (EndsInHandler in controls.h); they are not written.
#pragma once

namespace pprofagent::hot {

// At start.
void InitializeInterruptedSections();

// Not in our handlers, where safe_point.h knows more. Some microseconds.
// Async-signal-safe.
bool InterruptedCriticalSection();

}  // namespace pprofagent::hot
