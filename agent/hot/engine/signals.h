// SPDX-License-Identifier: Apache-2.0
//
// Signals that the agent holds, shared with the program.
//
// A claimed signal has one kernel handler, ours. It calls the engine that
// claimed it, and then the program's own handler if there is one. The program's
// calls about the signal (sigaction and its relatives, interposed) read and
// write a disposition that we keep for it; what the kernel sees is our handler
// with the program's flags and mask, so that SA_RESTART, SA_NODEFER, SA_ONSTACK
// and the blocked set are what the program asked for. SA_RESETHAND is done here.
// With no handler of the program's the signal does nothing else, whatever its
// default action; but real-time signals that the agent took for itself, and somebody
// else sends, do what they always do, which is to end the process.
//
// Those signals of its own are kept out of the program's waits and hidden where it looks
// for signals (hooks.h, HiddenSignals), as long as it has no handler for them.
//
// A signal the program ignores is special: that is inherited by the programs it
// executes, and no call is interrupted by it. Where the claim allows (requests,
// which another signal can make as well) the kernel is told to ignore it, and
// the agent goes without until the program stops ignoring it.
//
// A child made by vfork, _Fork or clone has the parent's handlers and, by vfork,
// its memory, but dispositions of its own. Its calls go to the kernel and leave
// what is kept here alone.
//
// Alternate stacks. Handlers run on the thread's alternate stack, if it has one:
// the other may be used up, or be a coroutine's of a few KiB. But a program may give
// a thread one that is just large enough for the kernel's frame. From then on those of
// our handlers that run without one of the program's stay on the stack that was
// interrupted, on all threads: nobody with such a stack can take them there. An
// alternate stack made by a system call past libc is not known of.
//
// Foreign threads (thread_pointer.h). The handler uses no thread-local storage before it
// knows the thread for one of libc's. On another no engine runs, which is counted; a
// signal that is not ours alone goes to the program's handler there, or else on to
// the main thread.
//
// The program's disposition is guarded by a sequence counter: writers block all
// signals and take a lock; the handler waits for a writer on another thread,
// which nothing stops for long, and never for its own.
#pragma once

#include <signal.h>

#include <cstdint>

namespace pprofagent::hot {

// True: the signal was the agent's alone and is not for the program.
// Runs in the signal handler.
using SignalEngine = bool (*)(int signal, siginfo_t* info, void* ucontext);

// kStay: a real-time signal that the agent found free and took for itself.
enum class WhenIgnored : uint8_t { kYield, kStay };

// While the engine runs: whether other signals are delivered, or all are blocked
// (as long as the program has no handler of its own for this one).
enum class Meanwhile : uint8_t { kDeliver, kBlockAll };

// False if the kernel refuses, the table is full or the signal is claimed.
// Async-signal-safe.
bool Claim(int signal, SignalEngine engine, WhenIgnored when_ignored,
           Meanwhile meanwhile = Meanwhile::kDeliver);

// The highest real-time signal that the program neither handles nor ignores; 0:
// none. Async-signal-safe.
int FindFreeRealTimeSignal();

// Claims one; 0: none could be had. Async-signal-safe.
int ClaimRealTimeSignal(SignalEngine engine, Meanwhile meanwhile);

// Whether the program has a handler of its own for a claimed signal, or ignores
// it. Async-signal-safe.
bool ProgramHandles(int signal);

// After the program's disposition of a claimed signal was given to the kernel itself.
void InstallAgain(int signal);

// Signals dropped because they came to a foreign thread.
uint64_t SignalsOnForeignThreads();

// In the child of a fork: the claims are its own now; another thread may have
// held the lock.
void ResetSignalsInChild();

}  // namespace pprofagent::hot
