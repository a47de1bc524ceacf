// SPDX-License-Identifier: Apache-2.0
//
// Loads libraries one after the other, has each allocate a block that is kept,
// and unloads it again: 1 block of 1000 bytes in the first, 2 in the second, and
// so on. Says where each function was, so that it can be seen that they were in
// the same place. Usage: reloader LIBRARY...
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { kMost = 16 };
static void* kept[kMost][kMost];

int main(int argc, char** argv) {
  for (int i = 1; i < argc && i < kMost; i++) {
    void* library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    void* (*allocate)(size_t) = (void* (*)(size_t))dlsym(library, "reloaded_allocate");
    for (int n = 0; n < i; n++) {
      kept[i][n] = allocate(1000);
    }
    printf("%jx\n", (uintmax_t)(uintptr_t)allocate);
    dlclose(library);
  }
  return 0;
}
