// SPDX-License-Identifier: Apache-2.0
//
// Switches its own heap, mutex and block profiles on and off again, and does the
// same in functions of different names before, meanwhile and after.
#include <pprofagent/pprofagent.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t held;
static void* volatile last;

static void hold_for(long milliseconds) {
  pthread_mutex_lock(&lock);
  sem_post(&held);
  const struct timespec time = {0, milliseconds * 1000000};
  nanosleep(&time, NULL);
  pthread_mutex_unlock(&lock);
  __asm__ volatile("");
}

// What one phase does, in functions that only it has.
#define PHASE(name)                                                                              \
  NOINLINE static void* hold_##name(void* unused) {                                              \
    hold_for(20);                                                                                \
    return unused;                                                                               \
  }                                                                                              \
  NOINLINE static void wait_##name(void) {                                                       \
    struct timespec begin, end;                                                                  \
    do { /* until it was there in time to wait */                                                \
      pthread_t holder;                                                                          \
      pthread_create(&holder, NULL, hold_##name, NULL);                                          \
      sem_wait(&held);                                                                           \
      clock_gettime(CLOCK_MONOTONIC, &begin);                                                    \
      pthread_mutex_lock(&lock);                                                                 \
      clock_gettime(CLOCK_MONOTONIC, &end);                                                      \
      pthread_mutex_unlock(&lock);                                                               \
      pthread_join(holder, NULL);                                                                \
    } while ((end.tv_sec - begin.tv_sec) * 1000000000L + end.tv_nsec - begin.tv_nsec < 5000000); \
  }                                                                                              \
  NOINLINE static void allocate_##name(void) {                                                   \
    for (int i = 0; i < 100; i++) last = malloc(1000);                                           \
    wait_##name();                                                                               \
  }

PHASE(before)
PHASE(meanwhile)
PHASE(after)

// A thread learns of a rate with its next sample, and without one after 16 MiB.
static void learn(void) {
  free(malloc(32 << 20));
  free(malloc(32 << 20));
}

int main(void) {
  sem_init(&held, 0, 0);
  allocate_before();
  printf("%lld %lld %lld\n", (long long)pprofagent_set_heap_rate(1),
         (long long)pprofagent_set_mutex_fraction(1), (long long)pprofagent_set_block_rate(1));
  learn();
  allocate_meanwhile();
  printf("%lld %lld %lld\n", (long long)pprofagent_set_heap_rate(0),
         (long long)pprofagent_set_mutex_fraction(0), (long long)pprofagent_set_block_rate(0));
  learn();
  allocate_after();
  return 0;
}
