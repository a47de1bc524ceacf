// SPDX-License-Identifier: Apache-2.0
//
// A fixed amount of work, 22 calls deep, in some threads. Prints the CPU time
// it took in milliseconds.
//
//   cpu_bench THREADS MILLIONS_OF_STEPS
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long steps;

__attribute__((noinline)) static uint64_t work_at_depth(int levels, uint64_t x) {
  if (levels > 0) {
    x = work_at_depth(levels - 1, x);
    __asm__ volatile("" : "+r"(x));  // no tail call
    return x + 1;
  }
  for (long i = 0; i < steps; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    __asm__ volatile("" : "+r"(x));
  }
  return x;
}

static void* work(void* seed) { return (void*)work_at_depth(22, (uintptr_t)seed); }

int main(int argc, char** argv) {
  if (argc != 3) {
    return 2;
  }
  int threads = atoi(argv[1]);
  steps = atol(argv[2]) * 1000000;
  pthread_t handles[64];
  for (int i = 0; i < threads && i < 64; i++) {
    pthread_create(&handles[i], NULL, work, NULL);
  }
  for (int i = 0; i < threads && i < 64; i++) {
    pthread_join(handles[i], NULL);
  }
  struct timespec spent;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  printf("%.3f\n", (double)spent.tv_sec * 1e3 + (double)spent.tv_nsec / 1e6);
  return 0;
}
