// SPDX-License-Identifier: Apache-2.0
//
// The contention engine: what waits cost (block profile), who made others wait
// (mutex profile), and both together (contention profile). Its hooks are Wait
// and Release in agent/hot/hooks.h.
//
// Waiter. An interposer tries first; only a call that would block comes here.
// The time is measured around the real call. Whether a wait is recorded
// (wait_sampler.h) is known only when it is over; the stack is taken then, with
// the lock held. That is the one piece of work inside a critical section, and
// the limit of wait_sampler.h keeps it below a thousandth of it.
//
// Releaser. Charged at the release, see store/lock_waiters.h; the stack is taken
// after the real release. Not charged, because libc does it inside: what a
// condition's waiter waits for its mutex when it has been woken, and what is
// locked by libc's own functions.
//
// Pairs. A sampled release leaves a note at the lock; the next waiter that
// leaves the lock, having got it or given up, takes it along. Each of the two
// writes its own stack into the note, and who comes second adds the pair. If
// others get the lock without waiting in between, notes pile up, and the waiter
// is paired with each of those who kept it waiting.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

// At start. Before, nothing is recorded.
void StartContentionEngine();

// See controls.h.
void SetMutexSamplingFraction(int64_t fraction);
int64_t MutexSamplingFraction();
void SetBlockSamplingRate(int64_t nanoseconds);
int64_t BlockSamplingRate();
void SetBlockSamplingOfIo(bool on);
bool BlockSamplingOfIo();

// Releases whose pair could not be recorded.
uint64_t ContentionPairsMissed();

// In the child of a fork.
void ResetContentionInChild();

}  // namespace pprofagent::hot
