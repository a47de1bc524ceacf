// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/real_locks.h"

#include <dlfcn.h>

#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {

namespace {

// The stand-in for one entry of the table.
template <auto kEntry, typename Type = decltype(kEntry)>
struct Late;
template <auto kEntry, typename Result, typename... Arguments>
struct Late<kEntry, Result (*RealLocks::*)(Arguments...)> {
  static Result Call(Arguments... arguments) {
    ResolveRealLocks();
    return (g_real_locks.*kEntry)(arguments...);
  }
};

template <auto kEntry>
constexpr auto kLate = &Late<kEntry>::Call;

template <typename Function>
void Lookup(const char* name, Function* out) {
  if (void* found = dlsym(RTLD_NEXT, name)) *out = reinterpret_cast<Function>(found);
}

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
  Lookup(name, out);
}

void LookupMutexes(RealLocks* real) {
  Lookup("pthread_mutex_lock", &real->mutex_lock);
  Lookup("pthread_mutex_trylock", &real->mutex_trylock);
  Lookup("pthread_mutex_timedlock", &real->mutex_timedlock);
  Lookup("pthread_mutex_clocklock", &real->mutex_clocklock);
  Lookup("pthread_mutex_unlock", &real->mutex_unlock);
  Lookup("mtx_lock", &real->mtx_lock);
  Lookup("mtx_trylock", &real->mtx_trylock);
  Lookup("mtx_timedlock", &real->mtx_timedlock);
  Lookup("mtx_unlock", &real->mtx_unlock);
}

void LookupRwlocks(RealLocks* real) {
  Lookup("pthread_rwlock_rdlock", &real->rwlock_rdlock);
  Lookup("pthread_rwlock_tryrdlock", &real->rwlock_tryrdlock);
  Lookup("pthread_rwlock_timedrdlock", &real->rwlock_timedrdlock);
  Lookup("pthread_rwlock_clockrdlock", &real->rwlock_clockrdlock);
  Lookup("pthread_rwlock_wrlock", &real->rwlock_wrlock);
  Lookup("pthread_rwlock_trywrlock", &real->rwlock_trywrlock);
  Lookup("pthread_rwlock_timedwrlock", &real->rwlock_timedwrlock);
  Lookup("pthread_rwlock_clockwrlock", &real->rwlock_clockwrlock);
  Lookup("pthread_rwlock_unlock", &real->rwlock_unlock);
}

void LookupWaits(RealLocks* real) {
  LookupCondition("pthread_cond_wait", &real->cond_wait);
  LookupCondition("pthread_cond_timedwait", &real->cond_timedwait);
  Lookup("pthread_cond_clockwait", &real->cond_clockwait);
  Lookup("cnd_wait", &real->cnd_wait);
  Lookup("cnd_timedwait", &real->cnd_timedwait);
  Lookup("sem_wait", &real->sem_wait);
  Lookup("sem_trywait", &real->sem_trywait);
  Lookup("sem_timedwait", &real->sem_timedwait);
  Lookup("sem_clockwait", &real->sem_clockwait);
  Lookup("pthread_barrier_wait", &real->barrier_wait);
  Lookup("pthread_join", &real->join);
  Lookup("pthread_timedjoin_np", &real->timedjoin);
  Lookup("pthread_clockjoin_np", &real->clockjoin);
  Lookup("pthread_testcancel", &real->testcancel);
  Lookup("thrd_join", &real->thrd_join);
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
