// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/allocator.h"

#include <dlfcn.h>

namespace pprofagent::service {
namespace {

constinit Allocator g_allocator = {};

template <typename Function>
bool Find(const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
  return *function != nullptr;
}

}  // namespace

void FindAllocator() {
  if (Find("mallctl", &g_allocator.mallctl)) {
    g_allocator.name = "jemalloc";
  } else if (Find("MallocExtension_ReleaseFreeMemory", &g_allocator.release_free_memory)) {
    g_allocator.name = "tcmalloc";
  } else if (Find("mi_collect", &g_allocator.mi_collect)) {
    g_allocator.name = "mimalloc";
  }
}

const Allocator& ProgramAllocator() { return g_allocator; }

}  // namespace pprofagent::service
