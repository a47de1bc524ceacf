// SPDX-License-Identifier: Apache-2.0
//
// Allocates through every function of the malloc family, each from a function
// of its own and with a size no other uses, so that a sum in a profile names
// its origin. What stays allocated at the end is stated beside each site; the
// expectations are in tests/integration/heap_test.py.
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE __attribute__((noinline)) static

// Blocks that stay are reachable, as those of an honest program.
static void* kept[256];
static int kept_count;

static void* keep(void* block) {
  if (block == NULL) {
    abort();
  }
  memset(block, 1, 1);
  kept[kept_count++] = block;
  return block;
}

static void* touch(void* block) {
  if (block != NULL) {
    memset(block, 1, 1);
  }
  __asm__ volatile("" : : "r"(block) : "memory");
  return block;
}

// 7 blocks of 10007; 3 of them freed.
SITE void site_malloc(void) {
  for (int i = 0; i < 7; i++) {
    void* block = touch(malloc(10007));
    if (i < 3) {
      free(block);
    } else {
      keep(block);
    }
  }
}

// 5 blocks of 11 * 1009 = 11099.
SITE void site_calloc(void) {
  for (int i = 0; i < 5; i++) {
    keep(calloc(11, 1009));
  }
}

// Grows 12007 -> 24007 -> 36007; only the last block stays.
SITE void site_realloc(void) {
  void* block = touch(realloc(NULL, 12007));
  block = touch(realloc(block, 24007));
  keep(realloc(block, 36007));
}

// A realloc that fails leaves the block of 13007 alone.
SITE void site_realloc_failure(void) {
  void* block = keep(malloc(13007));
  volatile size_t too_much = SIZE_MAX / 2;
  if (realloc(block, too_much) != NULL) {
    abort();
  }
}

// realloc to nothing frees the block of 14009.
SITE void site_realloc_to_nothing(void) {
  void* block = touch(malloc(14009));
  volatile size_t nothing = 0;
  touch(realloc(block, nothing));
}

// 17 * 1013 = 17221.
SITE void site_reallocarray(void) { keep(reallocarray(NULL, 17, 1013)); }

// 2 blocks of 15013 aligned to 4096; 1 stays.
SITE void site_memalign(void) {
  keep(memalign(4096, 15013));
  free(touch(memalign(4096, 15013)));
}

SITE void site_posix_memalign(void) {
  void* block = NULL;
  if (posix_memalign(&block, 256, 16033) != 0) {
    abort();
  }
  keep(block);
}

SITE void site_aligned_alloc(void) { keep(aligned_alloc(64, 18048)); }

SITE void site_valloc(void) { keep(valloc(19001)); }

// pvalloc rounds up to whole pages by contract.
SITE void site_pvalloc(void) { keep(pvalloc(20011)); }

// The allocation is libc's, the caller ours: 21000 characters and the end.
SITE void site_strdup(void) {
  char* text = malloc(22003);
  memset(text, 'x', 21000);
  text[21000] = '\0';
  keep(strdup(text));
  free(text);
}

int main(void) {
  site_malloc();
  site_calloc();
  site_realloc();
  site_realloc_failure();
  site_realloc_to_nothing();
  site_reallocarray();
  site_memalign();
  site_posix_memalign();
  site_aligned_alloc();
  site_valloc();
  site_pvalloc();
  site_strdup();
  printf("%d blocks kept\n", kept_count);
  return 0;
}
