// SPDX-License-Identifier: Apache-2.0
//
// Waiting for other threads: joins and barriers. There is nothing to try first;
// two readings of the clock are nothing beside what these calls do.
#include <pthread.h>
#include <threads.h>

#include "preload/waiting.h"

namespace pprofagent::preload {

namespace {

const void* ObjectOf(pthread_t thread) {
  return reinterpret_cast<const void*>(static_cast<uintptr_t>(thread));
}

}  // namespace

PPROFAGENT_INTERPOSE int pthread_join(pthread_t thread, void** result) {
  if (!hot::WatchingWaits()) return g_real_locks.join(thread, result);
  hot::Wait wait(WaitKind::kJoin, ObjectOf(thread), CallerRegisters());
  const int error = g_real_locks.join(thread, result);
  wait.End(HasWaited(error));
  return error;
}

PPROFAGENT_INTERPOSE int pthread_timedjoin_np(pthread_t thread, void** result,
                                              const timespec* time) {
  if (!hot::WatchingWaits()) return g_real_locks.timedjoin(thread, result, time);
  hot::Wait wait(WaitKind::kJoin, ObjectOf(thread), CallerRegisters());
  const int error = g_real_locks.timedjoin(thread, result, time);
  wait.End(HasWaited(error));
  return error;
}

PPROFAGENT_INTERPOSE int pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock,
                                              const timespec* time) {
  if (!hot::WatchingWaits()) return g_real_locks.clockjoin(thread, result, clock, time);
  hot::Wait wait(WaitKind::kJoin, ObjectOf(thread), CallerRegisters());
  const int error = g_real_locks.clockjoin(thread, result, clock, time);
  wait.End(HasWaited(error));
  return error;
}

PPROFAGENT_INTERPOSE int thrd_join(thrd_t thread, int* result) {
  if (!hot::WatchingWaits()) return g_real_locks.thrd_join(thread, result);
  hot::Wait wait(WaitKind::kJoin, ObjectOf(thread), CallerRegisters());
  const int outcome = g_real_locks.thrd_join(thread, result);
  wait.End(outcome == thrd_success);
  return outcome;
}

PPROFAGENT_INTERPOSE int pthread_barrier_wait(pthread_barrier_t* barrier) {
  if (!hot::WatchingWaits()) return g_real_locks.barrier_wait(barrier);
  hot::Wait wait(WaitKind::kBarrier, barrier, CallerRegisters());
  const int result = g_real_locks.barrier_wait(barrier);
  wait.End(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
  return result;
}

}  // namespace pprofagent::preload
