// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/bootstrap_pool.h"

#include <atomic>
#include <cstdint>

#include "agent/hot/rt/mapped_pool.h"

namespace pprofagent::hot {

namespace {

constexpr size_t kPoolBytes = size_t{64} << 10;
constexpr size_t kMaxAlignment = 4096;

// Precedes every block.
struct Header {
  size_t size;
  uint64_t magic;
};
constexpr uint64_t kMagic = 0x706f6f6c70726f66u;

alignas(16) constinit char g_pool[kPoolBytes] = {};
constinit std::atomic<size_t> g_used{0};

// Blocks that did not fit, linked so that ownership can be told.
struct LargeBlock {
  LargeBlock* next;
  uintptr_t begin;
  uintptr_t end;
};
constinit std::atomic<LargeBlock*> g_large{nullptr};

void* Place(uintptr_t begin, size_t bytes, size_t alignment) {
  const uintptr_t block = (begin + sizeof(Header) + alignment - 1) & ~(alignment - 1);
  auto* header = reinterpret_cast<Header*>(block - sizeof(Header));
  header->size = bytes;
  header->magic = kMagic;
  return reinterpret_cast<void*>(block);
}

void* AllocateLarge(size_t bytes, size_t alignment) {
  const size_t total = sizeof(LargeBlock) + sizeof(Header) + alignment + bytes;
  if (total < bytes) return nullptr;
  auto* large = static_cast<LargeBlock*>(MapMemory(total));
  if (large == nullptr) return nullptr;
  large->begin = reinterpret_cast<uintptr_t>(large);
  large->end = large->begin + total;
  large->next = g_large.load(std::memory_order_relaxed);
  while (!g_large.compare_exchange_weak(large->next, large, std::memory_order_release,
                                        std::memory_order_relaxed)) {
  }
  return Place(large->begin + sizeof(LargeBlock), bytes, alignment);
}

}  // namespace

void* BootstrapAllocate(size_t bytes, size_t alignment) {
  if (alignment < 16) alignment = 16;
  if (alignment > kMaxAlignment) return nullptr;
  const size_t total = bytes + sizeof(Header) + alignment;
  if (total < bytes) return nullptr;
  if (total <= kPoolBytes / 4) {
    const size_t offset = g_used.fetch_add(total, std::memory_order_relaxed);
    if (offset + total <= kPoolBytes) {
      return Place(reinterpret_cast<uintptr_t>(g_pool) + offset, bytes, alignment);
    }
  }
  return AllocateLarge(bytes, alignment);
}

bool BootstrapOwns(const void* memory) {
  const auto address = reinterpret_cast<uintptr_t>(memory);
  const auto pool = reinterpret_cast<uintptr_t>(g_pool);
  if (address >= pool && address < pool + kPoolBytes) return true;
  for (LargeBlock* b = g_large.load(std::memory_order_acquire); b != nullptr; b = b->next) {
    if (address >= b->begin && address < b->end) return true;
  }
  return false;
}

size_t BootstrapBlockSize(const void* memory) {
  return reinterpret_cast<const Header*>(reinterpret_cast<uintptr_t>(memory) - sizeof(Header))
      ->size;
}

}  // namespace pprofagent::hot
