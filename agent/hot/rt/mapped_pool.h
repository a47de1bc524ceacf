// SPDX-License-Identifier: Apache-2.0
//
// Memory of the agent's own: a bump allocator over anonymous mappings. What is
// handed out is zeroed, 16-byte aligned and never given back, so readers need
// no reclamation scheme and a pointer once seen stays valid. All threads may
// allocate at once, signal handlers too: the only shared step is one
// fetch_add on the current chunk; whoever finds it used up maps the next and
// publishes it with a compare-and-swap (a loser unmaps its own again).
// When the limit is reached or mmap fails, Allocate returns null; the caller
// drops its sample and counts the drop.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pprofagent::hot {

class MappedPool {
 public:
  constexpr MappedPool(size_t chunk_bytes, size_t limit_bytes)
      : chunk_bytes_(chunk_bytes), limit_bytes_(limit_bytes) {}

  // Async-signal-safe, thread-safe, lock-free.
  void* Allocate(size_t bytes);

  // Bytes mapped so far.
  size_t mapped() const { return mapped_.load(std::memory_order_relaxed); }

 private:
  struct Chunk {
    std::atomic<size_t> used;
    size_t size;
  };

  Chunk* NewChunk(size_t at_least);

  const size_t chunk_bytes_;
  const size_t limit_bytes_;
  std::atomic<Chunk*> current_{nullptr};
  std::atomic<size_t> mapped_{0};
};

// Anonymous zeroed memory straight from the kernel; null when refused.
// Async-signal-safe; errno untouched.
void* MapMemory(size_t bytes);
void UnmapMemory(void* memory, size_t bytes);

}  // namespace pprofagent::hot
