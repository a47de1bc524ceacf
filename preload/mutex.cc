// SPDX-License-Identifier: Apache-2.0
//
// pthread_mutex_*, of every type, and C11's mtx_*, which libc has on top of them
// without calling them by name.
#include <pthread.h>
#include <threads.h>

#include "preload/waiting.h"

namespace pprofagent::preload {

namespace {

[[gnu::noinline]] int WaitForMutex(pthread_mutex_t* mutex) {
  hot::Wait wait(WaitKind::kMutex, mutex, CallerRegisters());
  const int error = g_real_locks.mutex_lock(mutex);
  wait.End(HasWaited(error));
  return error;
}

[[gnu::noinline]] int WaitForMutexUntil(pthread_mutex_t* mutex, const timespec* time) {
  hot::Wait wait(WaitKind::kMutex, mutex, CallerRegisters());
  const int error = g_real_locks.mutex_timedlock(mutex, time);
  wait.End(HasWaited(error));
  return error;
}

[[gnu::noinline]] int WaitForMutexByClock(pthread_mutex_t* mutex, clockid_t clock,
                                          const timespec* time) {
  hot::Wait wait(WaitKind::kMutex, mutex, CallerRegisters());
  const int error = g_real_locks.mutex_clocklock(mutex, clock, time);
  wait.End(HasWaited(error));
  return error;
}

[[gnu::noinline]] int UnlockToWaiters(pthread_mutex_t* mutex) {
  hot::Release release(mutex);
  const int error = g_real_locks.mutex_unlock(mutex);
  release.End(CallerRegisters(), error == 0);
  return error;
}

[[gnu::noinline]] int WaitForMtx(mtx_t* mutex) {
  hot::Wait wait(WaitKind::kMutex, mutex, CallerRegisters());
  const int result = g_real_locks.mtx_lock(mutex);
  wait.End(result == thrd_success);
  return result;
}

[[gnu::noinline]] int WaitForMtxUntil(mtx_t* mutex, const timespec* time) {
  hot::Wait wait(WaitKind::kMutex, mutex, CallerRegisters());
  const int result = g_real_locks.mtx_timedlock(mutex, time);
  wait.End(result == thrd_success || result == thrd_timedout);
  return result;
}

[[gnu::noinline]] int UnlockMtxToWaiters(mtx_t* mutex) {
  hot::Release release(mutex);
  const int result = g_real_locks.mtx_unlock(mutex);
  release.End(CallerRegisters(), result == thrd_success);
  return result;
}

}  // namespace

PPROFAGENT_INTERPOSE PPROFAGENT_FRAMELESS int pthread_mutex_lock(pthread_mutex_t* mutex) {
  if (!hot::WatchingWaits()) return g_real_locks.mutex_lock(mutex);
  const int error = g_real_locks.mutex_trylock(mutex);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForMutex(mutex);
}

PPROFAGENT_INTERPOSE int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* time) {
  if (!hot::WatchingWaits()) return g_real_locks.mutex_timedlock(mutex, time);
  const int error = g_real_locks.mutex_trylock(mutex);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForMutexUntil(mutex, time);
}

PPROFAGENT_INTERPOSE int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock,
                                                 const timespec* time) {
  if (!hot::WatchingWaits() || !IsTimeout(clock, time)) {
    return g_real_locks.mutex_clocklock(mutex, clock, time);
  }
  const int error = g_real_locks.mutex_trylock(mutex);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForMutexByClock(mutex, clock, time);
}

PPROFAGENT_INTERPOSE int pthread_mutex_unlock(pthread_mutex_t* mutex) {
  if (!hot::WatchingWaits() || !hot::MayHaveWaiters(mutex)) [[likely]]
    return g_real_locks.mutex_unlock(mutex);
  return UnlockToWaiters(mutex);
}

PPROFAGENT_INTERPOSE int mtx_lock(mtx_t* mutex) {
  if (!hot::WatchingWaits()) return g_real_locks.mtx_lock(mutex);
  const int result = g_real_locks.mtx_trylock(mutex);
  if (result != thrd_busy) [[likely]]
    return result;
  return WaitForMtx(mutex);
}

PPROFAGENT_INTERPOSE int mtx_timedlock(mtx_t* mutex, const timespec* time) {
  if (!hot::WatchingWaits()) return g_real_locks.mtx_timedlock(mutex, time);
  const int result = g_real_locks.mtx_trylock(mutex);
  if (result != thrd_busy) [[likely]]
    return result;
  return WaitForMtxUntil(mutex, time);
}

PPROFAGENT_INTERPOSE int mtx_unlock(mtx_t* mutex) {
  if (!hot::WatchingWaits() || !hot::MayHaveWaiters(mutex)) [[likely]]
    return g_real_locks.mtx_unlock(mutex);
  return UnlockMtxToWaiters(mutex);
}

}  // namespace pprofagent::preload
