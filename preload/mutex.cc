// SPDX-License-Identifier: Apache-2.0
//
// pthread_mutex_*, of every type, and C11's mtx_*, which libc has on top of them
// without calling them by name.
//
// pthread_mutex_lock and _unlock are called so often that even the question
// whether waits are watched costs too much. They jump through a pointer of their
// own, which is to the real function while waits are not watched: then they cost
// what interposing costs. Whoever changes that changes the two pointers; a call
// that still goes the old way loses or makes a look, no more.
#include <pthread.h>
#include <threads.h>

#include <atomic>

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

[[gnu::noinline]] int UnlockToWaiters(pthread_mutex_t* mutex, uint32_t duty) {
  hot::Release release(mutex, duty);
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

[[gnu::noinline]] int UnlockMtxToWaiters(mtx_t* mutex, uint32_t duty) {
  hot::Release release(mutex, duty);
  const int result = g_real_locks.mtx_unlock(mutex);
  release.End(CallerRegisters(), result == thrd_success);
  return result;
}

PPROFAGENT_FRAMELESS int LockWatched(pthread_mutex_t* mutex) {
  const int error = g_real_locks.mutex_trylock(mutex);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForMutex(mutex);
}

// Apart from what comes before and after it, so that none keeps anything on the stack.
[[gnu::noinline]] int UnlockBesideWaiters(pthread_mutex_t* mutex, uint32_t waiters) {
  const uint32_t duty = hot::DutyBesideWaiters(mutex, waiters);
  if (duty == hot::kNoDuty) [[likely]]
    return g_real_locks.mutex_unlock(mutex);
  return UnlockToWaiters(mutex, duty);
}

int UnlockWatched(pthread_mutex_t* mutex) {
  const uint32_t waiters = hot::LockWaitersOf(mutex);
  if (waiters == 0) [[likely]]
    return g_real_locks.mutex_unlock(mutex);
  return UnlockBesideWaiters(mutex, waiters);
}

// Before anybody is told of anything.
int LockEarly(pthread_mutex_t* mutex) { return g_real_locks.mutex_lock(mutex); }
int UnlockEarly(pthread_mutex_t* mutex) { return g_real_locks.mutex_unlock(mutex); }

using OfMutex = int (*)(pthread_mutex_t*);
constinit std::atomic<OfMutex> g_lock{LockEarly};
constinit std::atomic<OfMutex> g_unlock{UnlockEarly};

}  // namespace

void RouteMutexes(bool watched) {
  g_lock.store(watched ? LockWatched : g_real_locks.mutex_lock, std::memory_order_relaxed);
  g_unlock.store(watched ? UnlockWatched : g_real_locks.mutex_unlock, std::memory_order_relaxed);
}

PPROFAGENT_INTERPOSE int pthread_mutex_lock(pthread_mutex_t* mutex) {
  return g_lock.load(std::memory_order_relaxed)(mutex);
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
  return g_unlock.load(std::memory_order_relaxed)(mutex);
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
  if (!hot::WatchingWaits()) return g_real_locks.mtx_unlock(mutex);
  const uint32_t duty = hot::DutyOfRelease(mutex);
  if (duty == hot::kNoDuty) [[likely]]
    return g_real_locks.mtx_unlock(mutex);
  return UnlockMtxToWaiters(mutex, duty);
}

}  // namespace pprofagent::preload
