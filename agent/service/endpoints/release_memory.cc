// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/release_memory.h"

#include <dlfcn.h>
#include <malloc.h>

#include <cstddef>

namespace pprofagent::service {
namespace {

template <typename Function>
Function Find(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

// An allocator the program brought is known by its functions; libc's own, which
// others may use all the same, comes last.
void ReleaseMemory() {
  if (const auto jemalloc = Find<int (*)(const char*, void*, size_t*, void*, size_t)>("mallctl")) {
    // 4096: all arenas.
    jemalloc("arena.4096.purge", nullptr, nullptr, nullptr, 0);
  }
  if (const auto tcmalloc = Find<void (*)()>("MallocExtension_ReleaseFreeMemory")) tcmalloc();
  if (const auto mimalloc = Find<void (*)(bool)>("mi_collect")) mimalloc(true);
  malloc_trim(0);
}

}  // namespace pprofagent::service
