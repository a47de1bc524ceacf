// SPDX-License-Identifier: Apache-2.0
//
// A program that hangs where nobody should: with the loader's lock held, while it
// opens a library whose constructor never returns and says "hanging"; or with the
// allocator's, by a handler that calls malloc in the middle of malloc, once that
// has happened. Usage: stuck LIBRARY, or stuck malloc
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_ulong rounds;
static atomic_int allocating;

static void* open_library(void* path) { return dlopen(path, RTLD_NOW); }

static void allocate_again(int signal) {
  (void)signal;
  free(malloc(5000));
}

static void* allocate(void* unused) {
  atomic_store(&allocating, (int)syscall(SYS_gettid));
  for (;;) {
    free(malloc(3000 + rounds % 3000));
    rounds++;
  }
  return unused;
}

// Whether it waits for a lock at this moment.
static int waits(int tid) {
  char path[64], text[64] = "";
  snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
  const int file = open(path, O_RDONLY);
  const ssize_t bytes = read(file, text, sizeof(text) - 1);
  close(file);
  return bytes > 0 && atoi(text) == SYS_futex;
}

static void hang_in_malloc(void) {
  pthread_t thread;
  signal(SIGUSR2, allocate_again);
  pthread_create(&thread, NULL, allocate, NULL);
  while (allocating == 0) sched_yield();
  for (int still = 0; still < 20; still++) {
    const unsigned long before = rounds;
    if (waits(allocating)) {
      usleep(5000);
    } else {
      pthread_kill(thread, SIGUSR2);
    }
    if (rounds != before || !waits(allocating)) still = 0;
  }
  if (write(STDOUT_FILENO, "hanging\n", 8) != 8) _exit(1);
}

int main(int argc, char** argv) {
  pthread_t thread;
  if (argc != 2) return 2;
  if (strcmp(argv[1], "malloc") == 0) {
    hang_in_malloc();
  } else {
    pthread_create(&thread, NULL, open_library, argv[1]);
  }
  for (;;) pause();
}
