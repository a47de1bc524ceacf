// SPDX-License-Identifier: Apache-2.0
//
// What the thread dump's signal does to a system call that it arrives in, undone.
//
// The dump signals only threads that were running a moment ago. One of them may
// have entered a call in that moment, and this signal would then be seen by the
// program, though its handler is ours. There are two kinds of calls (signal(7)):
//
//   - Those which the kernel begins anew by itself after a handler with
//     SA_RESTART, as ours: read, accept, wait4, a lock without a time limit ...
//     An EINTR of theirs cannot be ours. It is the program's, from a handler of
//     its own without SA_RESTART, and is never touched.
//   - Those which every handler ends: poll, the sleeps, sigtimedwait, msgrcv, what
//     waits on a socket with a time limit, read from inotify. Such a call is begun
//     anew by us, since it had only just begun: the handler puts the program
//     counter back onto the system call instruction and the call's number into its
//     register. The kernel has left the arguments where they were.
//
// A signal of the program's may have ended the same call, and then EINTR is what
// it waits for: an alarm as a time limit, and a program that hangs without. There
// are three orders.
//
//   - Theirs first, ours while their handler runs: we see their handler
//     interrupted, and not the call.
//   - Ours first, theirs pending (a signal sent to a thread comes before one sent
//     to the process). It can be asked for, and its handler runs when ours returns:
//     then EINTR is left, and made where the kernel is about to begin the call
//     anew and their handler has no SA_RESTART. This is asked last of all in our
//     handler; a signal that arrives in the 0.2 us from there to its return finds
//     the call not begun, as if it had come a moment earlier.
//   - Theirs first, and its handler blocks ours (sigfillset), which arrives when it
//     returns. Nothing in the registers tells that from the second kind of call
//     ended by ours. But there is a handler which blocks our signal, which few
//     programs have; and the thread has used its processor since the signal was
//     sent, for as long as the handler went on. The time that passed would say
//     nothing: on a busy machine a thread that is woken waits for its turn. Where
//     both are found the EINTR is left (WasHeldUp). If it was ours after all, a
//     program sees it that knows of EINTR by signals of its own. A handler of less
//     than kDelivery is not noticed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprofagent::hot {

// All three are the last that the signal's handler does, `ucontext` being its
// argument; all other signals must be blocked meanwhile. Async-signal-safe.

// Begins the call anew. False if there is none that our signal has ended, as far
// as the call and pending signals tell, or it cannot be recognised.
bool RestartInterruptedCall(void* ucontext);

// Ends a call with EINTR that the kernel is about to begin anew, if a signal of
// the program's is pending that would have ended it. False if there is none.
bool EndCallForProgram(void* ucontext);

// The processor time that the thread had used when it was sent the signal and when
// the handler began; 0: unknown, and then the signal counts as late.
struct SentSignal {
  int signal;
  uint64_t cpu_ns_sent = 0;
  uint64_t cpu_ns_arrived = 0;
};

// Whether a handler of the program's has, by all appearance, held the signal up:
// the EINTR is its.
bool WasHeldUp(const SentSignal& sent);

// The number of the system call that the instruction at `code_end - 2` makes, by
// the instructions before it; -1 if they do not say. For tests.
long SyscallNumberBefore(const uint8_t* code_end, size_t bytes);

}  // namespace pprofagent::hot
