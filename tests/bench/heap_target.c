// SPDX-License-Identifier: Apache-2.0
//
// heap_target BLOCKS: that many blocks in use, taken through 20,000 different
// stacks of 18 frames, and a thread that goes on allocating and looks for the
// moments it was held up, like that of dump_target.c; the same conversation.
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { kStacks = 20000, kDepth = 15 };

static _Atomic uint64_t longest, longest_own, made;
static void** blocks;

static uint64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// The path through left and right is the number's digits.
static void* left(unsigned path, int depth);
static void* right(unsigned path, int depth);
static void* go_on(unsigned path, int depth) {
  if (depth == 0) return malloc(100);
  return (path & 1) != 0 ? right(path >> 1, depth - 1) : left(path >> 1, depth - 1);
}
__attribute__((noinline)) static void* left(unsigned path, int depth) {
  void* block = go_on(path, depth);
  __asm__ volatile("" : "+r"(block));
  return block;
}
__attribute__((noinline)) static void* right(unsigned path, int depth) {
  void* block = go_on(path, depth);
  __asm__ volatile("nop" : "+r"(block));
  return block;
}

static void keep_longest(_Atomic uint64_t* kept, uint64_t span) {
  if (span > atomic_load_explicit(kept, memory_order_relaxed))
    atomic_store_explicit(kept, span, memory_order_relaxed);
}

static void* allocate(void* unused) {
  uint64_t last = now(CLOCK_MONOTONIC), last_own = now(CLOCK_THREAD_CPUTIME_ID);
  for (unsigned i = 0;; i++) {
    free(left(i % kStacks, kDepth));
    const uint64_t time = now(CLOCK_MONOTONIC), own = now(CLOCK_THREAD_CPUTIME_ID);
    keep_longest(&longest, time - last);
    keep_longest(&longest_own, own - last_own);
    last = time;
    last_own = own;
    atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
  }
  return unused;
}

int main(int argc, char** argv) {
  const unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 100000;
  pthread_t thread;
  blocks = malloc(count * sizeof(*blocks));
  for (unsigned i = 0; i < count; i++) blocks[i] = right(i % kStacks, kDepth);
  pthread_create(&thread, NULL, allocate, NULL);
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF) {
    printf("%.1f %.1f %llu\n", (double)atomic_exchange(&longest, 0) / 1e3,
           (double)atomic_exchange(&longest_own, 0) / 1e3,
           (unsigned long long)atomic_exchange(&made, 0));
    fflush(stdout);
  }
  return 0;
}
