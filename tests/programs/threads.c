// SPDX-License-Identifier: Apache-2.0
//
// Threads of all kinds: many short ones, detached ones, the smallest stacks,
// names, attributes, threads made by threads, failing pthread_create.
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sem_t done;

static void* answer(void* value) {
  char* block = malloc(60000);
  block[0] = 1;
  free(block);
  return (char*)value + 1;
}

static void* post(void* value) {
  free(malloc(100000));
  sem_post(&done);
  return value;
}

static void* nest(void* levels) {
  if ((long)levels > 0) {
    pthread_t thread;
    void* result;
    pthread_create(&thread, NULL, nest, (void*)((long)levels - 1));
    pthread_join(thread, &result);
    return (void*)((long)result + 1);
  }
  return NULL;
}

static void* stack_size(void* unused) {
  (void)unused;
  pthread_attr_t attributes;
  size_t size = 0;
  void* address = NULL;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &address, &size);
  pthread_attr_destroy(&attributes);
  char name[16];
  pthread_getname_np(pthread_self(), name, sizeof(name));
  return (void*)(size + (strcmp(name, "threads") == 0));
}

static int count_threads(void) {
  DIR* tasks = opendir("/proc/self/task");
  int count = -2;
  while (readdir(tasks) != NULL) {
    count++;
  }
  closedir(tasks);
  return count;
}

int main(void) {
  sem_init(&done, 0, 0);
  printf("threads at the start: %d\n", count_threads());
  long sum = 0;
  for (long round = 0; round < 300; round++) {
    pthread_t thread;
    void* result;
    if (pthread_create(&thread, NULL, answer, (void*)round) != 0 ||
        pthread_join(thread, &result) != 0) {
      return 1;
    }
    sum += (long)result;
  }
  printf("sum of answers: %ld\n", sum);

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
  for (int round = 0; round < 100; round++) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, post, NULL) != 0) {
      return 1;
    }
    sem_wait(&done);
  }
  puts("detached threads are done");

  pthread_t thread;
  void* result;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_create(&thread, &attributes, stack_size, NULL);
  pthread_join(thread, &result);
  printf("stack and name: %ld\n", (long)result);
  pthread_create(&thread, NULL, nest, (void*)10);
  pthread_join(thread, &result);
  printf("nested: %ld\n", (long)result);

  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, (size_t)1 << 46);
  int failure = pthread_create(&thread, &attributes, answer, NULL);
  printf("too large a stack: %s\n", strerror(failure));
  printf("self join: %s\n", strerror(pthread_join(pthread_self(), NULL)));
  return 0;
}
