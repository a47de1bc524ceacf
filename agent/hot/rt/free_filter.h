// SPDX-License-Identifier: Apache-2.0
//
// Answers "may this address be one we know?" for free and realloc, which ask
// it of every block, in one byte load: a table of counters indexed by a hash of
// the address. 0 means certainly not; anything else means: look it up. Known
// addresses are sampled blocks and bootstrap memory.
//
// The table has 16 parts; which one a block belongs to depends on the 64 MiB
// region it lies in. Allocators give threads regions of their own, so that
// threads work on different parts and do not take each other's cache lines
// away; and a heap of less than 64 MiB asks 32 KiB of counters only, which the
// processor keeps at hand. At the default rate a region has 128 samples, 0.4 %
// of a part.
//
// Whoever records a block adds it before the program can see the block's
// address; whoever removes it is the thread that frees it. A counter that
// reaches its maximum stays there: from then on it only costs look-ups.
// The table lives in .bss: pages that no address hashes to are never touched.
#pragma once

#include <atomic>
#include <cstdint>

namespace pprofagent::hot {

inline constexpr unsigned kRegionParts = 16;
inline constexpr unsigned kFreeFilterBits = 15;
extern constinit std::atomic<uint8_t> g_free_filter[kRegionParts << kFreeFilterBits]
    __attribute__((visibility("hidden")));

// Which part of a table, here and in the live map, an address belongs to.
inline uint64_t RegionPart(uint64_t address) {
  return ((address >> 26) ^ (address >> 30)) & (kRegionParts - 1);
}

inline uint64_t HashOfBlock(uint64_t address) { return (address >> 4) * 0x9e3779b97f4a7c15u; }

inline std::atomic<uint8_t>& FreeFilterCounter(const void* block) {
  const uint64_t address = reinterpret_cast<uintptr_t>(block);
  return g_free_filter[(RegionPart(address) << kFreeFilterBits) |
                       (HashOfBlock(address) >> (64 - kFreeFilterBits))];
}

// Async-signal-safe, thread-safe, as are the two below.
inline bool MayBeKnown(const void* block) {
  return FreeFilterCounter(block).load(std::memory_order_relaxed) != 0;
}

inline void AddToFreeFilter(const void* block) {
  std::atomic<uint8_t>& counter = FreeFilterCounter(block);
  uint8_t value = counter.load(std::memory_order_relaxed);
  while (value != UINT8_MAX && !counter.compare_exchange_weak(value, value + 1)) {
  }
}

inline void RemoveFromFreeFilter(const void* block) {
  std::atomic<uint8_t>& counter = FreeFilterCounter(block);
  uint8_t value = counter.load(std::memory_order_relaxed);
  while (value != UINT8_MAX && value != 0 && !counter.compare_exchange_weak(value, value - 1)) {
  }
}

}  // namespace pprofagent::hot
