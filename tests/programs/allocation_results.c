// SPDX-License-Identifier: Apache-2.0
//
// What a caller of the malloc family can see besides the block: alignment,
// errno, failures, zero sizes, usable sizes, zeroed memory.
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile size_t too_much = PTRDIFF_MAX;
static volatile size_t half = SIZE_MAX / 2 + 1;
static volatile size_t zero = 0;

static void report(const char* what, long value) {
  int saved = errno;
  printf("%s: %ld (errno %d)\n", what, value, saved);
  errno = 0;
}

static void check_alignment(void) {
  long worst = 0;
  for (size_t size = 0; size < 3000; size += 7) {
    void* block = malloc(size);
    worst |= (long)((uintptr_t)block & 15);
    void* aligned = NULL;
    worst |= posix_memalign(&aligned, 512, size);
    worst |= (long)((uintptr_t)aligned & 511);
    worst |= malloc_usable_size(block) < size;
    free(block);
    free(aligned);
  }
  report("misaligned", worst);
  void* block = aligned_alloc(1 << 20, 1 << 20);
  report("aligned to 1 MiB", (long)((uintptr_t)block & ((1 << 20) - 1)));
  free(block);
  block = pvalloc(1);
  report("pvalloc rounds up", malloc_usable_size(block) >= (size_t)getpagesize());
  free(block);
}

static void check_failures(void) {
  report("malloc of too much", malloc(too_much) != NULL);
  report("calloc overflow", calloc(half, 2) != NULL);
  report("calloc of too much", calloc(too_much, 1) != NULL);
  report("reallocarray overflow", reallocarray(NULL, half, 2) != NULL);
  report("realloc of nothing to too much", realloc(NULL, too_much) != NULL);
  report("memalign of too much", memalign(64, too_much) != NULL);
  report("aligned_alloc of too much", aligned_alloc(64, too_much) != NULL);
  report("valloc of too much", valloc(too_much) != NULL);
  report("pvalloc of too much", pvalloc(too_much) != NULL);
  int somewhere;
  void* untouched = &somewhere;
  report("posix_memalign with alignment 3", posix_memalign(&untouched, 3, 1));
  report("posix_memalign of too much", posix_memalign(&untouched, 64, too_much));
  report("posix_memalign leaves the pointer alone", untouched == &somewhere);
  char* block = malloc(100);
  strcpy(block, "contents");
  report("realloc to too much", realloc(block, too_much) != NULL);
  report("the block is still there", strcmp(block, "contents"));
  free(block);
}

static void check_zero_sizes(void) {
  void* block = malloc(zero);
  report("malloc(0) gives a block", block != NULL);
  report("realloc(block, 0) gives none", realloc(block, zero) != NULL);
  block = calloc(zero, 8);
  report("calloc(0, 8) gives a block", block != NULL);
  free(block);
  free(NULL);
  report("usable size of nothing", (long)malloc_usable_size(NULL));
}

static void check_errno(void) {
  errno = 4711;
  void* block = malloc(1000000);
  block = realloc(block, 2000000);
  free(block);
  free(calloc(1000, 1000));
  report("errno is left alone", 0);
}

static void check_contents(void) {
  long dirty = 0;
  for (int round = 0; round < 200; round++) {
    char* block = malloc(5000);
    memset(block, 0xff, 5000);
    free(block);
    block = calloc(50, 100);
    for (int i = 0; i < 5000; i++) {
      dirty |= block[i];
    }
    free(block);
  }
  report("calloc clears", dirty);
  char* grown = malloc(10);
  memcpy(grown, "012345678", 10);
  for (size_t size = 20; size < 2000000; size *= 3) {
    grown = realloc(grown, size);
  }
  report("realloc keeps", memcmp(grown, "012345678", 10));
  free(grown);
}

int main(void) {
  errno = 0;
  check_alignment();
  check_failures();
  check_zero_sizes();
  check_errno();
  check_contents();
  return 0;
}
