// SPDX-License-Identifier: Apache-2.0
//
// Works with an alternate signal stack of the given size, and says whether anything
// was written beside it. One just large enough for the kernel's frame is the
// program's good right.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { kBytes = 1 << 16, kStart = 40000 };

static unsigned char area[kBytes] __attribute__((aligned(4096)));

static void on_fault(int signal) {
  (void)signal;
  _exit(9);
}

int main(int count, char** arguments) {
  const int size = count > 1 ? atoi(arguments[1]) : 4096;
  memset(area, 0x5a, sizeof(area));
  stack_t stack;
  memset(&stack, 0, sizeof(stack));
  stack.ss_sp = area + kStart;
  stack.ss_size = size;
  if (sigaltstack(&stack, NULL) != 0) {
    perror("sigaltstack");
    return 1;
  }
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_handler = on_fault;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGSEGV, &action, NULL);
  const clock_t end = clock() + CLOCKS_PER_SEC / 2;
  while (clock() < end) {
    for (volatile int i = 0; i < 100000; i++) {
    }
  }
  int changed = 0;
  for (int i = 0; i < kBytes; i++) {
    changed += (i < kStart || i >= kStart + size) && area[i] != 0x5a;
  }
  printf("%d bytes beside the stack changed\n", changed);
  return 0;
}
