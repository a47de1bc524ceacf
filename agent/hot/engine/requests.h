// SPDX-License-Identifier: Apache-2.0
//
// How a signal handler gets service code to run.
//
// A request is a bit in one word; the helper thread sleeps on that word (a
// futex: no descriptor that the program could close or reuse). In the common
// case the handler sets the bit and wakes the helper, nothing more.
//
// But there is usually no helper: as long as a program has one thread, libc
// leaves out locks and atomics, and a second thread that idles would take that
// from it. So the helper is started by the first request. pthread_create is not
// async-signal-safe: it allocates, and takes locks the interrupted code may
// hold. Three places are known to be safe, and one of them is reached soon:
//   1. the handler itself, if what it interrupted allows it (safe_point.h);
//   2. the end of the thread's next allocation hook: the handler sets the
//      countdown to zero, so that the very next allocation gets there;
//   3. a handler again: a one-shot timer brings the thread to one every 20 ms, for a
//      while, by a signal of our own (signals.h), of which the program sees nothing.
// A program that starts threads of its own gets the helper with the first of
// them (from pthread_create: a safe point by definition).
#pragma once

#include <signal.h>

#include <cstdint>

namespace pprofagent::hot {

// At start, before a signal is claimed.
void InitializeRequests();

// Runs in the signal handler of the claimed signal, which is for the program as
// well. If the program has no handler, no call of it ends by the signal
// (ended_call.h). Async-signal-safe.
void OnRequestSignal(uint32_t request, int signal, siginfo_t* info, void* ucontext);

// The request of a signal that ends the process (termination.h).
enum class BeforeEnd : uint8_t {
  kUnderWay,  // the helper is at it
  kLater,     // no point safe to start it; the handler is called again
  kNever,     // no such point came, or no timer could be had
};
BeforeEnd RequestBeforeEnd(int signal, const siginfo_t* info, void* ucontext);

// Case 2: called at the end of an allocation hook's slow path, no guard held; and
// when the agent has begun.
void StartHelperIfWanted();

// From pthread_create, before the program's thread exists.
void StartHelperForThreads();

// From the program's last thread, as it ends: a process ends with its last
// thread, and that must not be the helper. Returns when the helper is gone, or
// after two seconds.
void RetireHelper();

bool HelperIsRunning();
// Whether there is none, for the kernel either.
bool HelperIsAbsent();
// The last one there was.
int32_t HelperThread();
// Whether this thread is the helper.
bool IsHelperThread(int32_t tid);
// Whether its descriptors are in a table that the program does not see.
bool HelperHasOwnDescriptors();

// In the child of a fork there is no helper, and no request of the parent's.
void ResetRequestsInChild();

}  // namespace pprofagent::hot
