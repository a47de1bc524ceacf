// SPDX-License-Identifier: Apache-2.0
//
// pthread_rwlock_*. A reader's unlock is charged with what a waiting writer
// waited since the last unlock, so that readers that overlap share it.
#include <pthread.h>

#include "preload/waiting.h"

namespace pprofagent::preload {

namespace {

// One function for each of the six that wait, each entered by a tail call.
template <WaitKind kKind, auto kReal, typename... Arguments>
[[gnu::noinline]] int WaitForRwlock(pthread_rwlock_t* lock, Arguments... arguments) {
  hot::Wait wait(kKind, lock, CallerRegisters());
  const int error = (g_real_locks.*kReal)(lock, arguments...);
  wait.End(HasWaited(error));
  return error;
}

[[gnu::noinline]] int UnlockRwlockToWaiters(pthread_rwlock_t* lock, uint32_t duty) {
  hot::Release release(lock, duty);
  const int error = g_real_locks.rwlock_unlock(lock);
  release.End(CallerRegisters(), error == 0);
  return error;
}

}  // namespace

PPROFAGENT_INTERPOSE int pthread_rwlock_rdlock(pthread_rwlock_t* lock) {
  if (!hot::WatchingWaits()) return g_real_locks.rwlock_rdlock(lock);
  const int error = g_real_locks.rwlock_tryrdlock(lock);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForRwlock<WaitKind::kRwlockRead, &hot::RealLocks::rwlock_rdlock>(lock);
}

PPROFAGENT_INTERPOSE int pthread_rwlock_timedrdlock(pthread_rwlock_t* lock, const timespec* time) {
  if (!hot::WatchingWaits() || !IsTimeout(CLOCK_REALTIME, time)) {
    return g_real_locks.rwlock_timedrdlock(lock, time);
  }
  const int error = g_real_locks.rwlock_tryrdlock(lock);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForRwlock<WaitKind::kRwlockRead, &hot::RealLocks::rwlock_timedrdlock>(lock, time);
}

PPROFAGENT_INTERPOSE int pthread_rwlock_clockrdlock(pthread_rwlock_t* lock, clockid_t clock,
                                                    const timespec* time) {
  if (!hot::WatchingWaits() || !IsTimeout(clock, time)) {
    return g_real_locks.rwlock_clockrdlock(lock, clock, time);
  }
  const int error = g_real_locks.rwlock_tryrdlock(lock);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForRwlock<WaitKind::kRwlockRead, &hot::RealLocks::rwlock_clockrdlock>(lock, clock,
                                                                                   time);
}

PPROFAGENT_INTERPOSE int pthread_rwlock_wrlock(pthread_rwlock_t* lock) {
  if (!hot::WatchingWaits()) return g_real_locks.rwlock_wrlock(lock);
  const int error = g_real_locks.rwlock_trywrlock(lock);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForRwlock<WaitKind::kRwlockWrite, &hot::RealLocks::rwlock_wrlock>(lock);
}

PPROFAGENT_INTERPOSE int pthread_rwlock_timedwrlock(pthread_rwlock_t* lock, const timespec* time) {
  if (!hot::WatchingWaits() || !IsTimeout(CLOCK_REALTIME, time)) {
    return g_real_locks.rwlock_timedwrlock(lock, time);
  }
  const int error = g_real_locks.rwlock_trywrlock(lock);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForRwlock<WaitKind::kRwlockWrite, &hot::RealLocks::rwlock_timedwrlock>(lock, time);
}

PPROFAGENT_INTERPOSE int pthread_rwlock_clockwrlock(pthread_rwlock_t* lock, clockid_t clock,
                                                    const timespec* time) {
  if (!hot::WatchingWaits() || !IsTimeout(clock, time)) {
    return g_real_locks.rwlock_clockwrlock(lock, clock, time);
  }
  const int error = g_real_locks.rwlock_trywrlock(lock);
  if (error != EBUSY) [[likely]]
    return error;
  return WaitForRwlock<WaitKind::kRwlockWrite, &hot::RealLocks::rwlock_clockwrlock>(lock, clock,
                                                                                    time);
}

PPROFAGENT_INTERPOSE int pthread_rwlock_unlock(pthread_rwlock_t* lock) {
  if (!hot::WatchingWaits()) return g_real_locks.rwlock_unlock(lock);
  const uint32_t duty = hot::DutyOfRelease(lock);
  if (duty == hot::kNoDuty) [[likely]]
    return g_real_locks.rwlock_unlock(lock);
  return UnlockRwlockToWaiters(lock, duty);
}

}  // namespace pprofagent::preload
