// SPDX-License-Identifier: Apache-2.0
//
// CPU nanoseconds a malloc+free pair (or a realloc) costs, over a fixed number
// of them. Prints one number: nanoseconds of CPU time of the process a pair.
//
//   malloc_bench tight|mix|cross|grow THREADS PAIRS_A_THREAD
//
//   tight   a block of 16 to 512 bytes, freed at once: the fast path alone
//   mix     sizes like a server's (mean about 555 bytes), 20 calls deep, 20000
//           blocks live, freed in random order: caches and sampling included
//   cross   blocks are freed by another thread (an even number of threads)
//   grow    a block grown from 16 bytes to 64 KiB by realloc, again and again
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kLive = 20000, kDepth = 20, kBatch = 4096, kMaxThreads = 64 };

static long pairs;

static uint64_t next_random(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static void* tight(void* seed) {
  uint64_t state = (uintptr_t)seed;
  for (long i = 0; i < pairs; i++) {
    void* block = malloc(16 + (next_random(&state) & 496));
    __asm__ volatile("" : "+r"(block) : : "memory");
    free(block);
  }
  return NULL;
}

// Three of four are small, one of 64 large.
static size_t mixed_size(uint64_t random) {
  unsigned kind = random & 63;
  random >>= 6;
  if (kind == 0) {
    return 4096 + random % 28672;
  }
  return kind < 48 ? 16 + random % 241 : 256 + random % 769;
}

static void mix_step(void** live, uint64_t* state) {
  uint64_t random = next_random(state);
  void** slot = &live[random % kLive];
  free(*slot);
  *slot = malloc(mixed_size(random >> 20));
  *(volatile char*)*slot = 1;
}

__attribute__((noinline)) static void mix_at_depth(int levels, void** live, uint64_t* state,
                                                   long steps) {
  if (levels > 0) {
    mix_at_depth(levels - 1, live, state, steps);
    __asm__ volatile("" : : : "memory");  // no tail call
    return;
  }
  for (long i = 0; i < steps; i++) {
    mix_step(live, state);
  }
}

static void* mix(void* seed) {
  uint64_t state = (uintptr_t)seed;
  void** live = calloc(kLive, sizeof(void*));
  mix_at_depth(kDepth, live, &state, pairs);
  return live;
}

// Blocks go from one thread to one other by the batch, so that what is measured
// is allocation and not the handing over.
struct channel {
  sem_t empty, full;
  void* batches[2][kBatch];
};
static struct channel channels[kMaxThreads / 2];

static void* produce(struct channel* channel, uint64_t state) {
  for (long batch = 0; batch < pairs / kBatch; batch++) {
    sem_wait(&channel->empty);
    for (int i = 0; i < kBatch; i++) {
      channel->batches[batch % 2][i] = malloc(mixed_size(next_random(&state)));
    }
    sem_post(&channel->full);
  }
  return NULL;
}

static void* consume(struct channel* channel) {
  for (long batch = 0; batch < pairs / kBatch; batch++) {
    sem_wait(&channel->full);
    for (int i = 0; i < kBatch; i++) {
      free(channel->batches[batch % 2][i]);
    }
    sem_post(&channel->empty);
  }
  return NULL;
}

static void* cross(void* seed) {
  uintptr_t index = (uintptr_t)seed - 1;
  struct channel* channel = &channels[index / 2];
  return index % 2 == 0 ? produce(channel, (uintptr_t)seed) : consume(channel);
}

// Two blocks grow by turns, so that neither can always grow in place.
static void* grow(void* seed) {
  (void)seed;
  for (long i = 0; i < pairs;) {
    char* blocks[2] = {NULL, NULL};
    for (size_t size = 16; size <= 65536; size += size / 2) {
      for (int turn = 0; turn < 2; turn++, i++) {
        blocks[turn] = realloc(blocks[turn], size);
        blocks[turn][size - 1] = 1;
      }
    }
    free(blocks[0]);
    free(blocks[1]);
  }
  return NULL;
}

int main(int argc, char** argv) {
  void* (*work)(void*) = NULL;
  const char* const names[] = {"tight", "mix", "cross", "grow"};
  void* (*const works[])(void*) = {tight, mix, cross, grow};
  for (int i = 0; i < 4 && argc == 4; i++) {
    work = strcmp(argv[1], names[i]) == 0 ? works[i] : work;
  }
  int threads = argc == 4 ? atoi(argv[2]) : 0;
  if (work == NULL || threads < 1 || threads > kMaxThreads || (work == cross && threads % 2 != 0)) {
    fprintf(stderr, "usage: malloc_bench tight|mix|cross|grow THREADS PAIRS_A_THREAD\n");
    return 2;
  }
  pairs = atol(argv[3]);
  for (int i = 0; i < kMaxThreads / 2; i++) {
    sem_init(&channels[i].empty, 0, 2);
    sem_init(&channels[i].full, 0, 0);
  }
  pthread_t handles[kMaxThreads];
  struct timespec start, end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
  for (int i = 0; i < threads; i++) {
    pthread_create(&handles[i], NULL, work, (void*)(uintptr_t)(i + 1));
  }
  for (int i = 0; i < threads; i++) {
    pthread_join(handles[i], NULL);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
  int sides = work == cross ? 2 : 1;  // a pair of threads makes one pair of calls
  printf("%.3f\n", ns * sides / ((double)pairs * threads));
  return 0;
}
