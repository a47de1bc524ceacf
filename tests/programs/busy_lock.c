// SPDX-License-Identifier: Apache-2.0
//
// A lock that is always fought for, and now and then held for long. busy_lock MS
// ROUNDS: four threads take it in wait_for_busy and hold it for some 0.6 us;
// ROUNDS times over the main thread holds it for MS milliseconds and releases it
// in release_after_long. What the four had waited then, during that hold, is the
// truth that a profile is compared with: "charged NS".
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { kThreads = 4 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int stop;
// When the thread began to wait; 0: it does not.
static _Atomic int64_t waits_since[kThreads];

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void sleep_milliseconds(long count) {
  struct timespec time = {count / 1000, count % 1000 * 1000000};
  while (nanosleep(&time, &time) != 0) {
  }
}

static void turn(int turns) {
  for (volatile int i = 0; i < turns; i++) {
  }
}

__attribute__((noinline)) static void wait_for_busy(void) {
  pthread_mutex_lock(&mutex);
  __asm__ volatile("");
}

__attribute__((noinline)) static void release_soon(void) {
  pthread_mutex_unlock(&mutex);
  __asm__ volatile("");
}

__attribute__((noinline)) static void release_after_long(void) {
  pthread_mutex_unlock(&mutex);
  __asm__ volatile("# not the same as above, or the compiler makes one of both");
}

static void* fight(void* argument) {
  int index = (int)(intptr_t)argument;
  while (!stop) {
    waits_since[index] = now();
    wait_for_busy();
    waits_since[index] = 0;
    turn(400);
    release_soon();
    turn(400);
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  long milliseconds = atol(argv[1]);
  int rounds = atoi(argv[2]);
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; i++) {
    pthread_create(&threads[i], NULL, fight, (void*)(intptr_t)i);
  }
  int64_t charged = 0;
  for (int round = 0; round < rounds; round++) {
    sleep_milliseconds(100);
    pthread_mutex_lock(&mutex);
    int64_t held = now();
    sleep_milliseconds(milliseconds);
    int64_t released = now();
    for (int i = 0; i < kThreads; i++) {
      int64_t since = waits_since[i];
      if (since != 0) charged += released - (since > held ? since : held);
    }
    release_after_long();
  }
  stop = 1;
  for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
  printf("charged %lld\n", (long long)charged);
  return 0;
}
