// SPDX-License-Identifier: Apache-2.0
//
// Waits of known length. contention KIND [MS] [ROUNDS]: threads wait in the
// function wait_for_KIND for something that release_KIND lets them have after MS
// milliseconds, ROUNDS times over. Each waiter reads the clock before and after;
// what they say, added up, is the truth that a profile is compared with:
//
//   waited NS      all waits together
//   charged NS     what the waiters had waited when it was released
//   waits N        how many there were
//
//   KIND   mutex, recursive, timedlock, mtx (five waiters), rwlock (five
//          readers), cond, sem, join, barrier, sleep, io (one waiter)
//          burst: two threads contend without end, ROUNDS thousand times
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

enum { kMostWaiters = 5 };

static const char* kind;
static long milliseconds = 100;
static int rounds = 1;
static int waiters = kMostWaiters;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t condition_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_t sleeper;
static int pipe_ends[2];
static sem_t semaphore;
static mtx_t c11_mutex;
static int is_signalled;

static struct {
  int64_t began, ended;
  _Atomic int tid;
} wait_of[kMostWaiters];

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static int is(const char* name) { return strcmp(kind, name) == 0; }

static void sleep_milliseconds(long count) {
  struct timespec time = {count / 1000, count % 1000 * 1000000};
  while (nanosleep(&time, &time) != 0) {
  }
}

// Until the kernel says that the thread sleeps.
static void wait_until_blocked(int index) {
  char path[64], text[512];
  for (;;) {
    int tid = wait_of[index].tid;
    if (tid != 0) {
      snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
      FILE* file = fopen(path, "r");
      size_t length = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
      text[length] = '\0';
      if (file != NULL) fclose(file);
      const char* end = strrchr(text, ')');
      if (end != NULL && end[2] == 'S') return;
    }
    sched_yield();
  }
}

// Each wait in a function of its own, which the profile names.
#define WAIT_FUNCTION(name, ...)                                \
  __attribute__((noinline)) static void wait_for_##name(void) { \
    __VA_ARGS__;                                                \
    __asm__ volatile("");                                       \
  }

WAIT_FUNCTION(mutex, pthread_mutex_lock(&mutex))
WAIT_FUNCTION(mtx, mtx_lock(&c11_mutex))
WAIT_FUNCTION(rwlock, pthread_rwlock_rdlock(&rwlock))
WAIT_FUNCTION(sem, while (sem_wait(&semaphore) != 0){})
WAIT_FUNCTION(join, pthread_join(sleeper, NULL))
WAIT_FUNCTION(sleep, sleep_milliseconds(milliseconds))
WAIT_FUNCTION(io, char byte; while (read(pipe_ends[0], &byte, 1) != 1){})
WAIT_FUNCTION(barrier, pthread_barrier_wait(&barrier))
WAIT_FUNCTION(cond, pthread_mutex_lock(&condition_mutex);
              while (!is_signalled) pthread_cond_wait(&condition, &condition_mutex);
              is_signalled = 0; pthread_mutex_unlock(&condition_mutex))

__attribute__((noinline)) static void wait_for_timedlock(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  time.tv_sec += 3600;
  pthread_mutex_timedlock(&mutex, &time);
  __asm__ volatile("");
}

// The same for what lets them go.
__attribute__((noinline)) static void release_mutex(void) {
  pthread_mutex_unlock(&mutex);
  __asm__ volatile("");
}
__attribute__((noinline)) static void release_mtx(void) {
  mtx_unlock(&c11_mutex);
  __asm__ volatile("");
}
__attribute__((noinline)) static void release_rwlock(void) {
  pthread_rwlock_unlock(&rwlock);
  __asm__ volatile("");
}

static void hold(void) {
  if (is("mtx")) {
    mtx_lock(&c11_mutex);
  } else if (is("rwlock")) {
    pthread_rwlock_wrlock(&rwlock);
  } else if (is("mutex") || is("recursive") || is("timedlock")) {
    pthread_mutex_lock(&mutex);
  }
}

static void release(void) {
  if (is("mtx")) {
    release_mtx();
  } else if (is("rwlock")) {
    release_rwlock();
  } else if (is("sem")) {
    sem_post(&semaphore);
  } else if (is("cond")) {
    pthread_mutex_lock(&condition_mutex);
    is_signalled = 1;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&condition_mutex);
  } else if (is("barrier")) {
    pthread_barrier_wait(&barrier);
  } else if (is("io")) {
    while (write(pipe_ends[1], "", 1) != 1) {
    }
  } else if (!is("join") && !is("sleep")) {
    release_mutex();
  }
}

static void wait_for_it(void) {
  if (is("mtx")) {
    wait_for_mtx();
  } else if (is("rwlock")) {
    wait_for_rwlock();
  } else if (is("sem")) {
    wait_for_sem();
  } else if (is("join")) {
    wait_for_join();
  } else if (is("barrier")) {
    wait_for_barrier();
  } else if (is("sleep")) {
    wait_for_sleep();
  } else if (is("io")) {
    wait_for_io();
  } else if (is("cond")) {
    wait_for_cond();
  } else if (is("timedlock")) {
    wait_for_timedlock();
  } else {
    wait_for_mutex();
  }
}

static void* wait_once(void* argument) {
  int index = (int)(intptr_t)argument;
  wait_of[index].tid = (int)syscall(SYS_gettid);
  wait_of[index].began = now();
  wait_for_it();
  wait_of[index].ended = now();
  if (is("mtx")) {
    mtx_unlock(&c11_mutex);
  } else if (is("rwlock")) {
    pthread_rwlock_unlock(&rwlock);
  } else if (is("mutex") || is("recursive") || is("timedlock")) {
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void* sleep_once(void* unused) {
  sleep_milliseconds(milliseconds);
  return unused;
}

static void* contend(void* unused) {
  for (long i = 0; i < rounds * 1000l; i++) {
    wait_for_mutex();
    for (volatile int turn = 0; turn < 200; turn++) {
    }
    release_mutex();
  }
  return unused;
}

static void make_mutex_recursive(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&mutex, &attributes);
}

int main(int argc, char** argv) {
  kind = argc > 1 ? argv[1] : "mutex";
  if (argc > 2) milliseconds = atol(argv[2]);
  if (argc > 3) rounds = atoi(argv[3]);
  if (is("cond") || is("sem") || is("join") || is("barrier") || is("sleep") || is("io")) {
    waiters = 1;
  }
  if (pipe(pipe_ends) != 0) return 1;
  if (is("recursive")) make_mutex_recursive();
  mtx_init(&c11_mutex, mtx_plain);
  sem_init(&semaphore, 0, 0);
  pthread_barrier_init(&barrier, NULL, 2);
  pthread_t threads[kMostWaiters];
  if (is("burst")) {
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, contend, NULL);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    return 0;
  }
  int64_t waited = 0, charged = 0;
  for (int round = 0; round < rounds; round++) {
    hold();
    if (is("join")) pthread_create(&sleeper, NULL, sleep_once, NULL);
    for (int i = 0; i < waiters; i++) {
      wait_of[i].tid = 0;
      pthread_create(&threads[i], NULL, wait_once, (void*)(intptr_t)i);
    }
    for (int i = 0; i < waiters; i++) wait_until_blocked(i);
    if (!is("join") && !is("sleep")) sleep_milliseconds(milliseconds);
    int64_t released = now();
    release();
    for (int i = 0; i < waiters; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < waiters; i++) {
      waited += wait_of[i].ended - wait_of[i].began;
      charged += released - wait_of[i].began;
    }
  }
  printf("waited %lld\ncharged %lld\nwaits %d\n", (long long)waited, (long long)charged,
         waiters * rounds);
  return 0;
}
