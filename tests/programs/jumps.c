// SPDX-License-Identifier: Apache-2.0
//
// Leaves frames without returning through them: longjmp out of a callback of
// libc, out of deep recursion with blocks allocated on the way, and siglongjmp
// out of a signal handler that interrupted allocations.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf target;
static sigjmp_buf signal_target;

static int compare(const void* a, const void* b) {
  free(malloc(3000));
  if (*(const int*)a == 13 || *(const int*)b == 13) {
    longjmp(target, 1);
  }
  return *(const int*)a - *(const int*)b;
}

__attribute__((noinline)) static void descend(int levels) {
  void* block = malloc(2000);
  if (levels == 0) {
    free(block);
    longjmp(target, 2);
  }
  descend(levels - 1);
  free(block);
}

static void on_signal(int signal) { siglongjmp(signal_target, signal); }

int main(void) {
  volatile int jumps = 0;
  int numbers[] = {5, 4, 13, 2, 1};
  if (setjmp(target) == 0) {
    qsort(numbers, 5, sizeof(int), compare);
    puts("sorted");
  } else {
    puts("left qsort");
  }
  for (volatile int round = 0; round < 100; round++) {
    if (setjmp(target) == 0) {
      descend(50);
    } else {
      jumps++;
    }
  }
  printf("left %d recursions\n", jumps);
  jumps = 0;
  signal(SIGUSR2, on_signal);
  for (volatile int round = 0; round < 100; round++) {
    if (sigsetjmp(signal_target, 1) == 0) {
      free(malloc(100000));
      raise(SIGUSR2);
    } else {
      jumps++;
    }
  }
  printf("left %d handlers\n", jumps);
  return 0;
}
