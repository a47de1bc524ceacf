// SPDX-License-Identifier: Apache-2.0
//
// Compiled without unwind tables that are loaded: what describes its frames is
// in .debug_frame only, as in untabled_library.c.
//   untabled                 allocates, and uses some processor time
//   untabled LIBRARY         lets the library allocate twice; the second time
//                            when it has read a line
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile unsigned long sink;
// No copies of functions with constant arguments, under names of the compiler's.
static volatile int block_bytes = 1000, allocations = 100, turns = 150000000;

// Not a leaf, and a frame of its own that no frame pointer leads to.
__attribute__((noinline)) static void untabled_leaf(size_t size) {
  char bytes[200];
  memset(bytes, (int)size, sizeof(bytes));
  void* block = malloc(size);
  memcpy(block, bytes, 8);
  sink += (unsigned char)bytes[size % sizeof(bytes)];
  free(block);
}

__attribute__((noinline)) static void untabled_caller(int rounds) {
  for (int i = 0; i < rounds; ++i) untabled_leaf((size_t)block_bytes);
  sink += (unsigned long)rounds;
}

__attribute__((noinline)) static void untabled_burns(unsigned long rounds) {
  char bytes[300];
  memset(bytes, 1, sizeof(bytes));
  for (unsigned long i = 0; i < rounds; ++i) sink = sink * 31 + (unsigned char)bytes[i % 300];
}

static int UseLibrary(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return 1;
  void (*allocate)(size_t) = (void (*)(size_t))dlsym(library, "untabled_allocate");
  allocate(1000);
  char line[16];
  if (fgets(line, sizeof(line), stdin) == NULL) return 1;
  allocate(2000);
  sink += 1;
  return 0;
}

int main(int count, char** arguments) {
  if (count > 1) return UseLibrary(arguments[1]);
  untabled_caller(allocations);
  untabled_burns((unsigned long)turns);
  puts("done");
  return 0;
}
