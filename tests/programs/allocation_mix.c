// SPDX-License-Identifier: Apache-2.0
//
// A known mix of allocations for the statistics of heap sampling: each site
// allocates its size so often that all sites move about the same bytes, in an
// order that interleaves them. Half of the blocks of each site stay.
//
//   allocation_mix THREADS ROUNDS
//
// A round is 4096 * 16 + 256 * 241 + 16 * 4099 + 4 * 16411 + 1 * 65537 bytes.
// tests/integration/statistics_test.py has the same table.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct site {
  int blocks_a_round;
  size_t size;
  void* (*allocate)(void);
};

static void* use(void* block) {
  if (block == NULL) {
    abort();
  }
  *(volatile char*)block = 1;
  return block;
}

#define DEFINE_SITE(name, size)                                               \
  __attribute__((noinline)) static void* name(void) {                         \
    void* block = use(malloc(size));                                          \
    __asm__ volatile("" : "+r"(block)); /* no tail call: stay in the stack */ \
    return block;                                                             \
  }

DEFINE_SITE(site_16, 16)
DEFINE_SITE(site_241, 241)
DEFINE_SITE(site_4099, 4099)
DEFINE_SITE(site_16411, 16411)
DEFINE_SITE(site_65537, 65537)

static const struct site sites[] = {
    {4096, 16, site_16},    {256, 241, site_241},   {16, 4099, site_4099},
    {4, 16411, site_16411}, {1, 65537, site_65537},
};
enum { kSites = sizeof(sites) / sizeof(sites[0]), kStepsARound = 4096 };

static void do_round(void) {
  for (int step = 0; step < kStepsARound; step++) {
    for (int i = 0; i < kSites; i++) {
      int every = kStepsARound / sites[i].blocks_a_round;
      if (step % every != 0) {
        continue;
      }
      // One block of two stays, the single block of a round in every other one.
      static __thread unsigned turn[kSites];
      void* block = sites[i].allocate();
      if (turn[i]++ % 2 == 0) {
        free(block);
      }
    }
  }
}

static void* work(void* rounds) {
  for (long i = 0; i < (long)rounds; i++) {
    do_round();
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    return 2;
  }
  int threads = atoi(argv[1]);
  pthread_t handles[64];
  for (int i = 0; i < threads && i < 64; i++) {
    if (pthread_create(&handles[i], NULL, work, (void*)atol(argv[2])) != 0) {
      return 1;
    }
  }
  for (int i = 0; i < threads && i < 64; i++) {
    pthread_join(handles[i], NULL);
  }
  return 0;
}
