// SPDX-License-Identifier: Apache-2.0
//
// lock_bench KIND THREADS SECTION OUTSIDE MILLIONS: what a lock and an unlock
// cost with the loops around them, in nanoseconds of CPU time per operation, of
// all threads together.
//
//   KIND      mutex, rwlock (read), or alone: a mutex in a program of one thread
//   SECTION   turns of an empty loop with the lock held
//   OUTSIDE   turns between two sections
//
// With one thread (but for `alone`) a second one exists and sleeps, because libc
// leaves atomics out of a program that has only one.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int is_rwlock;
static long section, outside, operations;
static pthread_barrier_t start;

static void turn(long turns) {
  for (long i = 0; i < turns; i++) __asm__ volatile("");
}

static void lock(void) {
  if (is_rwlock) {
    pthread_rwlock_rdlock(&rwlock);
  } else {
    pthread_mutex_lock(&mutex);
  }
}

static void unlock(void) {
  if (is_rwlock) {
    pthread_rwlock_unlock(&rwlock);
  } else {
    pthread_mutex_unlock(&mutex);
  }
}

static void* work(void* unused) {
  pthread_barrier_wait(&start);
  for (long i = 0; i < operations; i++) {
    lock();
    turn(section);
    unlock();
    turn(outside);
  }
  return unused;
}

static void* sleep_for_ever(void* unused) {
  pause();
  return unused;
}

static double cpu_time(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  is_rwlock = strcmp(argv[1], "rwlock") == 0;
  int threads = atoi(argv[2]);
  section = atol(argv[3]);
  outside = atol(argv[4]);
  operations = (long)(atof(argv[5]) * 1e6) / threads;
  pthread_t id[64];
  if (threads < 1 || threads > 64) return 2;
  double begin;
  if (threads == 1) {
    if (strcmp(argv[1], "alone") != 0) pthread_create(&id[0], NULL, sleep_for_ever, NULL);
    pthread_barrier_init(&start, NULL, 1);
    begin = cpu_time();
    work(NULL);
  } else {
    pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
    for (int i = 0; i < threads; i++) pthread_create(&id[i], NULL, work, NULL);
    begin = cpu_time();
    pthread_barrier_wait(&start);
    for (int i = 0; i < threads; i++) pthread_join(id[i], NULL);
  }
  printf("%.3f\n", (cpu_time() - begin) / ((double)operations * threads));
  return 0;
}
