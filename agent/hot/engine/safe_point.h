// SPDX-License-Identifier: Apache-2.0
//
// Whether a signal handler may do what is not async-signal-safe, pthread_create
// above all: whether the interrupted thread is certainly in none of the
// critical sections of libc, the loader and the allocator. Three cases are
// recognised:
//
//   - it sits in a system call that blocks (a read, a poll, a sleep): none of
//     those critical sections makes such a call;
//   - it waits for a condition, a semaphore, a barrier or another thread's end:
//     also a futex, but the program's, as a record of the interposed call says;
//   - it executes code of the program or of another library: those three never
//     call back out of a critical section. (An allocator that is part of the
//     executable makes the executable count as allocator.)
//
// Left over is a handler of the program's own that interrupted malloc and is
// itself interrupted by ours. While a handler runs, its signal is blocked; so
// the last case asks for a thread that blocks no signal at all.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

// Remembers where libc, the loader, the allocator and the agent are. At start,
// after the real functions are resolved.
void InitializeSafePoints();

// False when in doubt. Async-signal-safe.
bool IsSafePoint(const void* ucontext);

// The same of a thread in a handler of the program's, of which only the
// instruction is known that it interrupted.
bool IsSafeInstruction(uintptr_t pc);

}  // namespace pprofagent::hot
