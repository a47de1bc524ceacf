// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/mapped_pool.h"

#include <sys/mman.h>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

void* MapMemory(size_t bytes) {
  const long result = RawSyscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return IsSyscallError(result) ? nullptr : reinterpret_cast<void*>(result);
}

void UnmapMemory(void* memory, size_t bytes) {
#if defined(__SANITIZE_THREAD__)
  // The sanitizer must learn that whoever maps this address next has other memory.
  munmap(memory, bytes);
#else
  RawSyscall(SYS_munmap, memory, bytes);
#endif
}

MappedPool::Chunk* MappedPool::NewChunk(size_t at_least) {
  constexpr size_t kPage = 4096;
  size_t size = chunk_bytes_;
  if (size < at_least + sizeof(Chunk)) size = at_least + sizeof(Chunk);
  size = (size + kPage - 1) & ~(kPage - 1);
  if (mapped_.fetch_add(size, std::memory_order_relaxed) + size > limit_bytes_) {
    mapped_.fetch_sub(size, std::memory_order_relaxed);
    return nullptr;
  }
  auto* chunk = static_cast<Chunk*>(MapMemory(size));
  if (chunk == nullptr) {
    mapped_.fetch_sub(size, std::memory_order_relaxed);
    return nullptr;
  }
  chunk->size = size;
  chunk->used.store((sizeof(Chunk) + 15) & ~size_t{15}, std::memory_order_relaxed);
  return chunk;
}

void* MappedPool::Allocate(size_t bytes) {
  bytes = (bytes + 15) & ~size_t{15};
  Chunk* chunk = current_.load(std::memory_order_acquire);
  for (;;) {
    if (chunk != nullptr) {
      const size_t offset = chunk->used.fetch_add(bytes, std::memory_order_relaxed);
      if (offset + bytes <= chunk->size) return reinterpret_cast<char*>(chunk) + offset;
    }
    Chunk* fresh = NewChunk(bytes);
    if (fresh == nullptr) return nullptr;
    if (current_.compare_exchange_strong(chunk, fresh, std::memory_order_acq_rel,
                                         std::memory_order_acquire)) {
      chunk = fresh;
    } else {
      mapped_.fetch_sub(fresh->size, std::memory_order_relaxed);
      UnmapMemory(fresh, fresh->size);
    }
  }
}

}  // namespace pprofagent::hot
