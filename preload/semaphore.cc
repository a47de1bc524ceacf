// SPDX-License-Identifier: Apache-2.0
//
// sem_*wait. They are cancellation points even where they need not wait, so the
// try is preceded by the look for a cancellation that libc makes.
#include <semaphore.h>

#include "preload/waiting.h"

namespace pprofagent::preload {

namespace {

bool TakesAtOnce(sem_t* semaphore) {
  g_real_locks.testcancel();
  const int saved_errno = errno;
  if (g_real_locks.sem_trywait(semaphore) == 0) return true;
  errno = saved_errno;
  return false;
}

bool HasWaitedForSemaphore(int result) {
  return result == 0 || errno == ETIMEDOUT || errno == EINTR;
}

template <auto kReal, typename... Arguments>
[[gnu::noinline]] int WaitForSemaphore(sem_t* semaphore, Arguments... arguments) {
  hot::Wait wait(WaitKind::kSemaphore, semaphore, CallerRegisters());
  const int result = (g_real_locks.*kReal)(semaphore, arguments...);
  wait.End(HasWaitedForSemaphore(result));
  return result;
}

}  // namespace

PPROFAGENT_INTERPOSE int sem_wait(sem_t* semaphore) {
  if (!hot::WatchingWaits()) return g_real_locks.sem_wait(semaphore);
  if (TakesAtOnce(semaphore)) [[likely]]
    return 0;
  return WaitForSemaphore<&hot::RealLocks::sem_wait>(semaphore);
}

PPROFAGENT_INTERPOSE int sem_timedwait(sem_t* semaphore, const timespec* time) {
  if (!hot::WatchingWaits() || !IsTimeout(CLOCK_REALTIME, time)) {
    return g_real_locks.sem_timedwait(semaphore, time);
  }
  if (TakesAtOnce(semaphore)) [[likely]]
    return 0;
  return WaitForSemaphore<&hot::RealLocks::sem_timedwait>(semaphore, time);
}

PPROFAGENT_INTERPOSE int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* time) {
  if (!hot::WatchingWaits() || !IsTimeout(clock, time)) {
    return g_real_locks.sem_clockwait(semaphore, clock, time);
  }
  if (TakesAtOnce(semaphore)) [[likely]]
    return 0;
  return WaitForSemaphore<&hot::RealLocks::sem_clockwait>(semaphore, clock, time);
}

}  // namespace pprofagent::preload
