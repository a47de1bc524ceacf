// SPDX-License-Identifier: Apache-2.0
//
// A library that reloader.c loads: two builds of it have functions of different
// names at the same places.
#include <stdlib.h>

#define NAME_OF(build) build##_build_allocates
#define NAME(build) NAME_OF(build)

__attribute__((noinline)) void* NAME(RELOADED_BUILD)(size_t size) {
  void* volatile block = malloc(size);
  return block;
}

__attribute__((visibility("default"))) void* reloaded_allocate(size_t size) {
  void* volatile block = NAME(RELOADED_BUILD)(size);
  return block;
}
