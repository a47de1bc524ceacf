// SPDX-License-Identifier: Apache-2.0
//
// Coroutines on stacks of 16 KiB that nobody but the program knows, allocating
// at every turn: a sample taken there must not run off the stack.
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { kCoroutines = 8, kTurns = 200, kStackSize = 16 * 1024 };

static ucontext_t main_context;
static ucontext_t contexts[kCoroutines];
static long sums[kCoroutines];

static void run(int self) {
  for (int turn = 0; turn < kTurns; turn++) {
    unsigned char* block = malloc(1000 + 100 * self);
    block[0] = (unsigned char)(self + turn);
    sums[self] += block[0];
    swapcontext(&contexts[self], &main_context);
    free(block);
  }
}

int main(void) {
  for (volatile int i = 0; i < kCoroutines; i++) {
    // A page that may not be touched below each stack.
    char* stack =
        mmap(NULL, kStackSize + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack, 4096, PROT_NONE) != 0 ||
        getcontext(&contexts[i]) != 0) {
      return 1;
    }
    contexts[i].uc_stack.ss_sp = stack + 4096;
    contexts[i].uc_stack.ss_size = kStackSize;
    contexts[i].uc_link = &main_context;
    makecontext(&contexts[i], (void (*)(void))run, 1, i);
  }
  for (int turn = 0; turn <= kTurns; turn++) {
    for (volatile int i = 0; i < kCoroutines; i++) {
      swapcontext(&main_context, &contexts[i]);
    }
  }
  for (volatile int i = 0; i < kCoroutines; i++) {
    printf("coroutine %d: %ld\n", i, sums[i]);
  }
  return 0;
}
