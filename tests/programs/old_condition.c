// SPDX-License-Identifier: Apache-2.0
//
// A program as it would have been linked before glibc 2.3.2: its conditions are
// those of then, which libc still has under their old version.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#if defined(__x86_64__)
#define OLD(name) __asm__(".symver " #name "," #name "@GLIBC_2.2.5")
OLD(pthread_cond_init);
OLD(pthread_cond_wait);
OLD(pthread_cond_timedwait);
OLD(pthread_cond_signal);
OLD(pthread_cond_destroy);
#endif

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
// Larger than either, with a mark behind the old one, which is one pointer.
static union {
  pthread_cond_t condition;
  unsigned long words[sizeof(pthread_cond_t) / sizeof(unsigned long)];
} shared;
static int value;

static void* signal_it(void* unused) {
  pthread_mutex_lock(&mutex);
  value = 5;
  pthread_cond_signal(&shared.condition);
  pthread_mutex_unlock(&mutex);
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_cond_init(&shared.condition, NULL);
  shared.words[3] = 0x5a5a5a5a;
  struct timespec past = {1, 0};
  pthread_mutex_lock(&mutex);
  printf("timeout %d\n", pthread_cond_timedwait(&shared.condition, &mutex, &past) == ETIMEDOUT);
  pthread_create(&thread, NULL, signal_it, NULL);
  while (value == 0) pthread_cond_wait(&shared.condition, &mutex);
  pthread_mutex_unlock(&mutex);
  pthread_join(thread, NULL);
  printf("value %d, mark %lx\n", value, shared.words[3]);
  printf("destroyed %d\n", pthread_cond_destroy(&shared.condition));
  return 0;
}
