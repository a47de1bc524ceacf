// SPDX-License-Identifier: Apache-2.0
//
// An interposer that does nothing but call on: what it costs is what no
// preloaded profiler can avoid.
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void __libc_free(void*);

static void* (*real_malloc)(size_t) = __libc_malloc;
static void* (*real_calloc)(size_t, size_t) = __libc_calloc;
static void* (*real_realloc)(void*, size_t) = __libc_realloc;
static void (*real_free)(void*) = __libc_free;

// A lock may be wanted before the constructor has run.
static int first_lock(pthread_mutex_t* mutex);
static int first_unlock(pthread_mutex_t* mutex);
static int first_rdlock(pthread_rwlock_t* lock);
static int first_rwunlock(pthread_rwlock_t* lock);
static int (*real_lock)(pthread_mutex_t*) = first_lock;
static int (*real_unlock)(pthread_mutex_t*) = first_unlock;
static int (*real_rdlock)(pthread_rwlock_t*) = first_rdlock;
static int (*real_rwunlock)(pthread_rwlock_t*) = first_rwunlock;

static void resolve_locks(void) {
  real_lock = (int (*)(pthread_mutex_t*))dlsym(RTLD_NEXT, "pthread_mutex_lock");
  real_unlock = (int (*)(pthread_mutex_t*))dlsym(RTLD_NEXT, "pthread_mutex_unlock");
  real_rdlock = (int (*)(pthread_rwlock_t*))dlsym(RTLD_NEXT, "pthread_rwlock_rdlock");
  real_rwunlock = (int (*)(pthread_rwlock_t*))dlsym(RTLD_NEXT, "pthread_rwlock_unlock");
}

static int first_lock(pthread_mutex_t* mutex) {
  resolve_locks();
  return real_lock(mutex);
}
static int first_unlock(pthread_mutex_t* mutex) {
  resolve_locks();
  return real_unlock(mutex);
}
static int first_rdlock(pthread_rwlock_t* lock) {
  resolve_locks();
  return real_rdlock(lock);
}
static int first_rwunlock(pthread_rwlock_t* lock) {
  resolve_locks();
  return real_rwunlock(lock);
}

__attribute__((constructor)) static void resolve(void) {
  real_malloc = (void* (*)(size_t))dlsym(RTLD_NEXT, "malloc");
  real_calloc = (void* (*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
  real_realloc = (void* (*)(void*, size_t))dlsym(RTLD_NEXT, "realloc");
  real_free = (void (*)(void*))dlsym(RTLD_NEXT, "free");
}

void* malloc(size_t size) { return real_malloc(size); }
void* calloc(size_t count, size_t size) { return real_calloc(count, size); }
void* realloc(void* block, size_t size) { return real_realloc(block, size); }
void free(void* block) { real_free(block); }

int pthread_mutex_lock(pthread_mutex_t* mutex) { return real_lock(mutex); }
int pthread_mutex_unlock(pthread_mutex_t* mutex) { return real_unlock(mutex); }
int pthread_rwlock_rdlock(pthread_rwlock_t* lock) { return real_rdlock(lock); }
int pthread_rwlock_unlock(pthread_rwlock_t* lock) { return real_rwunlock(lock); }
