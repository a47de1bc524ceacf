// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/real_locks.h"

#include "agent/hot/rt/late.h"
#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {

namespace {

template <auto kEntry>
constexpr auto kLate = &Late<g_real_locks, kEntry, ResolveRealLocks>::Call;

// Before 2.3.2 conditions had another layout, whose functions are still there;
// glibc before 2.36 gives a dlsym without a version those.
template <typename Function>
void LookupCondition(const char* name, Function* out) {
#if defined(__x86_64__)
  if (void* found = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2")) {
    *out = reinterpret_cast<Function>(found);
    return;
  }
#endif
  LookupNext(name, out);
}

void LookupMutexes(RealLocks* real) {
  LookupNext("pthread_mutex_lock", &real->mutex_lock);
  LookupNext("pthread_mutex_trylock", &real->mutex_trylock);
  LookupNext("pthread_mutex_timedlock", &real->mutex_timedlock);
  LookupNext("pthread_mutex_clocklock", &real->mutex_clocklock);
  LookupNext("pthread_mutex_unlock", &real->mutex_unlock);
  LookupNext("mtx_lock", &real->mtx_lock);
  LookupNext("mtx_trylock", &real->mtx_trylock);
  LookupNext("mtx_timedlock", &real->mtx_timedlock);
  LookupNext("mtx_unlock", &real->mtx_unlock);
}

void LookupRwlocks(RealLocks* real) {
  LookupNext("pthread_rwlock_rdlock", &real->rwlock_rdlock);
  LookupNext("pthread_rwlock_tryrdlock", &real->rwlock_tryrdlock);
  LookupNext("pthread_rwlock_timedrdlock", &real->rwlock_timedrdlock);
  LookupNext("pthread_rwlock_clockrdlock", &real->rwlock_clockrdlock);
  LookupNext("pthread_rwlock_wrlock", &real->rwlock_wrlock);
  LookupNext("pthread_rwlock_trywrlock", &real->rwlock_trywrlock);
  LookupNext("pthread_rwlock_timedwrlock", &real->rwlock_timedwrlock);
  LookupNext("pthread_rwlock_clockwrlock", &real->rwlock_clockwrlock);
  LookupNext("pthread_rwlock_unlock", &real->rwlock_unlock);
}

void LookupWaits(RealLocks* real) {
  LookupCondition("pthread_cond_wait", &real->cond_wait);
  LookupCondition("pthread_cond_timedwait", &real->cond_timedwait);
  LookupNext("pthread_cond_clockwait", &real->cond_clockwait);
  LookupNext("cnd_wait", &real->cnd_wait);
  LookupNext("cnd_timedwait", &real->cnd_timedwait);
  LookupNext("sem_wait", &real->sem_wait);
  LookupNext("sem_trywait", &real->sem_trywait);
  LookupNext("sem_timedwait", &real->sem_timedwait);
  LookupNext("sem_clockwait", &real->sem_clockwait);
  LookupNext("pthread_barrier_wait", &real->barrier_wait);
  LookupNext("pthread_join", &real->join);
  LookupNext("pthread_timedjoin_np", &real->timedjoin);
  LookupNext("pthread_clockjoin_np", &real->clockjoin);
  LookupNext("pthread_testcancel", &real->testcancel);
  LookupNext("thrd_join", &real->thrd_join);
}

}  // namespace

constinit RealLocks g_real_locks = {
    kLate<&RealLocks::mutex_lock>,
    kLate<&RealLocks::mutex_trylock>,
    kLate<&RealLocks::mutex_timedlock>,
    kLate<&RealLocks::mutex_clocklock>,
    kLate<&RealLocks::mutex_unlock>,
    kLate<&RealLocks::rwlock_rdlock>,
    kLate<&RealLocks::rwlock_tryrdlock>,
    kLate<&RealLocks::rwlock_timedrdlock>,
    kLate<&RealLocks::rwlock_clockrdlock>,
    kLate<&RealLocks::rwlock_wrlock>,
    kLate<&RealLocks::rwlock_trywrlock>,
    kLate<&RealLocks::rwlock_timedwrlock>,
    kLate<&RealLocks::rwlock_clockwrlock>,
    kLate<&RealLocks::rwlock_unlock>,
    kLate<&RealLocks::cond_wait>,
    kLate<&RealLocks::cond_timedwait>,
    kLate<&RealLocks::cond_clockwait>,
    kLate<&RealLocks::sem_wait>,
    kLate<&RealLocks::sem_trywait>,
    kLate<&RealLocks::sem_timedwait>,
    kLate<&RealLocks::sem_clockwait>,
    kLate<&RealLocks::barrier_wait>,
    kLate<&RealLocks::join>,
    kLate<&RealLocks::timedjoin>,
    kLate<&RealLocks::clockjoin>,
    kLate<&RealLocks::testcancel>,
    kLate<&RealLocks::mtx_lock>,
    kLate<&RealLocks::mtx_trylock>,
    kLate<&RealLocks::mtx_timedlock>,
    kLate<&RealLocks::mtx_unlock>,
    kLate<&RealLocks::cnd_wait>,
    kLate<&RealLocks::cnd_timedwait>,
    kLate<&RealLocks::thrd_join>,
};

void ResolveRealLocks() {
  const Guard guard;
  RealLocks real = g_real_locks;
  LookupMutexes(&real);
  LookupRwlocks(&real);
  LookupWaits(&real);
  g_real_locks = real;
}

}  // namespace pprofagent::hot
