// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/release_memory.h"

#include <malloc.h>

#include "agent/service/base/allocator.h"

namespace pprofagent::service {

// libc's own allocator, which others may use all the same, comes last.
void ReleaseMemory() {
  const Allocator& allocator = ProgramAllocator();
  // 4096: all arenas.
  if (allocator.mallctl != nullptr) {
    allocator.mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
  }
  if (allocator.release_free_memory != nullptr) allocator.release_free_memory();
  if (allocator.mi_collect != nullptr) allocator.mi_collect(true);
  malloc_trim(0);
}

}  // namespace pprofagent::service
