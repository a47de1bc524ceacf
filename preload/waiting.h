// SPDX-License-Identifier: Apache-2.0
//
// What the interposers of waiting calls have in common.
//
// Each first looks whether waits are recorded at all, and does nothing but call
// the real function if not. Then it tries: what need not wait is done, at the
// price of one compare. Only what would wait is measured, by a function of its
// own that is entered by a tail call, so that its caller is the program.
//
// Trying first changes nothing that a program could see. A try fails with EBUSY
// where the real function waits or refuses (a lock that is the caller's own);
// then the real function decides. Whatever else it says, a robust mutex whose
// owner died among it, is what the real function would say.
//
// Cancellation acts in the real functions and unwinds through the frames here,
// which have nothing to clean up and are compiled with unwind tables.
#pragma once

#include <errno.h>
#include <time.h>

#include "agent/hot/hooks.h"
#include "agent/hot/rt/real_locks.h"
#include "preload/export.h"

// The fast paths need no frame of their own; with one, a lock costs a tenth more.
#if defined(__clang__)
#define PPROFAGENT_FRAMELESS
#else
#define PPROFAGENT_FRAMELESS __attribute__((optimize("omit-frame-pointer")))
#endif

namespace pprofagent::preload {

using hot::g_real_locks;
using hot::WaitKind;

// What the calls of mutexes lead to, from here on (mutex.cc).
void RouteMutexes(bool watched);

// Some functions look at their timeout before they try: a wrong one is theirs.
inline bool IsTimeout(clockid_t clock, const timespec* time) {
  return (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC) && time != nullptr &&
         time->tv_nsec >= 0 && time->tv_nsec < 1'000'000'000;
}

// A wait that ended like this was one; any other result is a refusal.
inline bool HasWaited(int error) {
  return error == 0 || error == EOWNERDEAD || error == ETIMEDOUT || error == ENOTRECOVERABLE;
}

}  // namespace pprofagent::preload
