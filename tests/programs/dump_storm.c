// SPDX-License-Identifier: Apache-2.0
//
// What makes a thread dump's life hard: it looks at threads that go on meanwhile.
// Until the end of the standard input:
//
//   dump_storm unload LIBRARY...  threads load libraries, wait in them a moment and
//                                 unload them
//   dump_storm stale              the main thread leaves a wait by siglongjmp and is
//                                 busy from then on
//
// The first line of the output says that it has begun, the last how it has ended.
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int stop, wrong;
static sigjmp_buf way_out;
static volatile unsigned long work;

static void* wait_for_the_end(void* unused) {
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  stop = 1;
  return unused;
}

static void* load_and_unload(void* path) {
  for (int round = 0; !stop; round++) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
      wrong++;
      break;
    }
    int (*wait)(int) = (int (*)(int))dlsym(library, "dump_storm_wait");
    if (wait(round) == 0) wrong++;
    dlclose(library);
  }
  return NULL;
}

static void leave(int number) {
  (void)number;
  siglongjmp(way_out, 1);
}

__attribute__((noinline)) static void wait_and_leave(void) {
  static sem_t never;
  sem_init(&never, 0, 0);
  signal(SIGALRM, leave);
  if (sigsetjmp(way_out, 1) == 0) {
    ualarm(20000, 0);
    sem_wait(&never);
    wrong++;
  }
}

__attribute__((noinline)) static void be_busy(void) {
  while (!stop) work++;
}

int main(int argc, char** argv) {
  enum { kMost = 8 };
  pthread_t threads[kMost], end;
  int count = 0;
  if (argc < 2) return 2;
  if (strcmp(argv[1], "stale") == 0) wait_and_leave();
  puts("begun");
  fflush(stdout);
  pthread_create(&end, NULL, wait_for_the_end, NULL);
  if (strcmp(argv[1], "stale") == 0) be_busy();
  for (int i = 2; i < argc && count < kMost; i++) {
    pthread_create(&threads[count++], NULL, load_and_unload, argv[i]);
  }
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  pthread_join(end, NULL);
  printf("wrong %d\n", wrong);
  return 0;
}
