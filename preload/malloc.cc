// SPDX-License-Identifier: Apache-2.0
//
// The malloc family. Fast path: count the bytes (allocation) or look in the
// free filter (free), then go on to the real function by a tail call. The slow
// paths are functions of their own, so that the fast ones need no frame.
//
// malloc_usable_size is interposed only because bootstrap memory has no header
// a real allocator would understand.
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "agent/hot/hooks.h"
#include "agent/hot/rt/real.h"
#include "preload/export.h"

namespace pprofagent::preload {

namespace {

using hot::g_real;

// The functions below run between the program and the allocator once per
// sample; each is entered by a tail call, so that its caller is the program.

[[gnu::noinline]] void* SampledMalloc(size_t size) {
  void* block = g_real.malloc(size);
  hot::BlockAllocated(block, size, CallerRegisters());
  return block;
}

[[gnu::noinline]] void* SampledCalloc(size_t count, size_t size) {
  void* block = g_real.calloc(count, size);
  hot::BlockAllocated(block, block != nullptr ? count * size : 0, CallerRegisters());
  return block;
}

[[gnu::noinline]] void KnownFree(void* block) {
  if (!hot::BlockFreed(block)) g_real.free(block);
}

// A block that is in none of the real allocator's books moves into them.
void* LeaveBootstrapMemory(void* block, size_t size) {
  void* fresh = g_real.malloc(size);
  if (fresh != nullptr) {
    const size_t old_size = hot::BootstrapSize(block);
    memcpy(fresh, block, old_size < size ? old_size : size);
  }
  return fresh;
}

// realloc(p, 0) frees in glibc (null, errno untouched) and shrinks elsewhere
// (not null); with a size, null means that the old block is still there.
[[gnu::noinline]] void* TrackedRealloc(void* block, size_t size, bool due) {
  void* fresh = nullptr;
  if (block != nullptr && hot::IsBootstrapMemory(block)) {
    fresh = LeaveBootstrapMemory(block, size);
  } else {
    hot::ForgottenBlock forgotten{};
    if (block != nullptr && hot::MayBeKnown(block)) forgotten = hot::ForgetBlock(block);
    fresh = g_real.realloc(block, size);
    if (fresh != nullptr || size == 0) {
      hot::ForgottenBlockFreed(forgotten);
    } else {
      hot::RestoreBlock(block, forgotten);
    }
  }
  if (due) hot::BlockAllocated(fresh, size, CallerRegisters());
  return fresh;
}

[[gnu::always_inline]] inline void* CountedRealloc(void* block, size_t size) {
  const bool due = !hot::CountAllocation(size);
  if (!due && !hot::MayBeKnown(block)) [[likely]]
    return g_real.realloc(block, size);
  return TrackedRealloc(block, size, due);
}

// Whether the program's malloc is ours. It is not if another allocator was
// preloaded before us: then we are called only for functions which that one
// lacks (jemalloc has no reallocarray), on blocks that are its own.
bool ProgramAllocatesThroughUs() {
  enum : uint8_t { kUnknown, kYes, kNo };
  static constinit std::atomic<uint8_t> answer{kUnknown};
  if (answer.load(std::memory_order_relaxed) == kUnknown) {
    const bool ours = dlsym(RTLD_DEFAULT, "malloc") == reinterpret_cast<void*>(&malloc);
    answer.store(ours ? kYes : kNo, std::memory_order_relaxed);
  }
  return answer.load(std::memory_order_relaxed) == kYes;
}

}  // namespace

PPROFAGENT_INTERPOSE void* malloc(size_t size) {
  if (hot::CountAllocation(size)) [[likely]]
    return g_real.malloc(size);
  return SampledMalloc(size);
}

PPROFAGENT_INTERPOSE void* calloc(size_t count, size_t size) {
  // An overflowing product counts as what is left of it; the real function
  // refuses it, and the slow path records no more than it returned.
  if (hot::CountAllocation(count * size)) [[likely]]
    return g_real.calloc(count, size);
  return SampledCalloc(count, size);
}

PPROFAGENT_INTERPOSE void free(void* block) {
  if (!hot::MayBeKnown(block)) [[likely]]
    return g_real.free(block);
  KnownFree(block);
}

PPROFAGENT_INTERPOSE void* realloc(void* block, size_t size) { return CountedRealloc(block, size); }

PPROFAGENT_INTERPOSE void* reallocarray(void* block, size_t count, size_t size) {
  // libc's calls the program's realloc, whoever that is.
  if (!ProgramAllocatesThroughUs()) return g_real.reallocarray(block, count, size);
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return CountedRealloc(block, bytes);
}

PPROFAGENT_INTERPOSE void* memalign(size_t alignment, size_t size) {
  void* block = g_real.memalign(alignment, size);
  if (!hot::CountAllocation(size)) hot::BlockAllocated(block, size, CallerRegisters());
  return block;
}

PPROFAGENT_INTERPOSE void* aligned_alloc(size_t alignment, size_t size) {
  void* block = g_real.aligned_alloc(alignment, size);
  if (!hot::CountAllocation(size)) hot::BlockAllocated(block, size, CallerRegisters());
  return block;
}

PPROFAGENT_INTERPOSE int posix_memalign(void** out, size_t alignment, size_t size) {
  const int error = g_real.posix_memalign(out, alignment, size);
  if (!hot::CountAllocation(size)) {
    hot::BlockAllocated(error == 0 ? *out : nullptr, size, CallerRegisters());
  }
  return error;
}

PPROFAGENT_INTERPOSE void* valloc(size_t size) {
  void* block = g_real.valloc(size);
  if (!hot::CountAllocation(size)) hot::BlockAllocated(block, size, CallerRegisters());
  return block;
}

PPROFAGENT_INTERPOSE void* pvalloc(size_t size) {
  void* block = g_real.pvalloc(size);
  if (!hot::CountAllocation(size)) hot::BlockAllocated(block, size, CallerRegisters());
  return block;
}

PPROFAGENT_INTERPOSE void free_sized(void* block, size_t size) {
  if (hot::MayBeKnown(block) && hot::BlockFreed(block)) return;
  g_real.free_sized(block, size);
}

PPROFAGENT_INTERPOSE void free_aligned_sized(void* block, size_t alignment, size_t size) {
  if (hot::MayBeKnown(block) && hot::BlockFreed(block)) return;
  g_real.free_aligned_sized(block, alignment, size);
}

PPROFAGENT_INTERPOSE int malloc_trim(size_t keep) {
  const int result = hot::g_real_other.malloc_trim(keep);
  hot::MemoryReleased();
  return result;
}

PPROFAGENT_INTERPOSE size_t malloc_usable_size(void* block) {
  if (hot::MayBeKnown(block) && hot::IsBootstrapMemory(block)) return hot::BootstrapSize(block);
  return g_real.malloc_usable_size(block);
}

}  // namespace pprofagent::preload
