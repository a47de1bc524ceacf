// SPDX-License-Identifier: Apache-2.0
//
// See untabled.c.
#include <stdlib.h>
#include <string.h>

static volatile int sink;

__attribute__((noinline)) static void untabled_inner(size_t size) {
  char bytes[100];
  memset(bytes, (int)size, sizeof(bytes));
  free(malloc(size));
  sink += bytes[size % sizeof(bytes)];
}

__attribute__((visibility("default"))) void untabled_allocate(size_t size) {
  untabled_inner(size);
  sink += 1;
}
