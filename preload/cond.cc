// SPDX-License-Identifier: Apache-2.0
//
// pthread_cond_*wait and C11's cnd_*wait. To wait is to release the mutex too,
// and whoever waits for that is charged to the waiter here, before it waits.
//
// pthread_cond_wait and _timedwait carry the version GLIBC_2.3.2, see
// libpprofagent.map: those of before have another pthread_cond_t.
#include <pthread.h>
#include <threads.h>

#include "preload/waiting.h"

namespace pprofagent::preload {

namespace {

// The stack is the caller's, so it need not be taken after the release, which
// would be after the wait.
void ReleaseByWaiting(const void* mutex, const hot::Registers& caller) {
  const uint32_t duty = hot::DutyOfRelease(mutex);
  if (duty == hot::kNoDuty) [[likely]]
    return;
  hot::Release release(mutex, duty);
  release.End(caller, true);
}

}  // namespace

PPROFAGENT_INTERPOSE int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  if (!hot::WatchingWaits()) return g_real_locks.cond_wait(condition, mutex);
  const hot::Registers caller = CallerRegisters();
  ReleaseByWaiting(mutex, caller);
  hot::Wait wait(WaitKind::kCondition, condition, caller);
  const int error = g_real_locks.cond_wait(condition, mutex);
  wait.End(HasWaited(error));
  return error;
}

PPROFAGENT_INTERPOSE int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                                const timespec* time) {
  if (!hot::WatchingWaits()) return g_real_locks.cond_timedwait(condition, mutex, time);
  const hot::Registers caller = CallerRegisters();
  ReleaseByWaiting(mutex, caller);
  hot::Wait wait(WaitKind::kCondition, condition, caller);
  const int error = g_real_locks.cond_timedwait(condition, mutex, time);
  wait.End(HasWaited(error));
  return error;
}

PPROFAGENT_INTERPOSE int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                                clockid_t clock, const timespec* time) {
  if (!hot::WatchingWaits()) return g_real_locks.cond_clockwait(condition, mutex, clock, time);
  const hot::Registers caller = CallerRegisters();
  ReleaseByWaiting(mutex, caller);
  hot::Wait wait(WaitKind::kCondition, condition, caller);
  const int error = g_real_locks.cond_clockwait(condition, mutex, clock, time);
  wait.End(HasWaited(error));
  return error;
}

PPROFAGENT_INTERPOSE int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  if (!hot::WatchingWaits()) return g_real_locks.cnd_wait(condition, mutex);
  const hot::Registers caller = CallerRegisters();
  ReleaseByWaiting(mutex, caller);
  hot::Wait wait(WaitKind::kCondition, condition, caller);
  const int result = g_real_locks.cnd_wait(condition, mutex);
  wait.End(result == thrd_success);
  return result;
}

PPROFAGENT_INTERPOSE int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* time) {
  if (!hot::WatchingWaits()) return g_real_locks.cnd_timedwait(condition, mutex, time);
  const hot::Registers caller = CallerRegisters();
  ReleaseByWaiting(mutex, caller);
  hot::Wait wait(WaitKind::kCondition, condition, caller);
  const int result = g_real_locks.cnd_timedwait(condition, mutex, time);
  wait.End(result == thrd_success || result == thrd_timedout);
  return result;
}

}  // namespace pprofagent::preload
