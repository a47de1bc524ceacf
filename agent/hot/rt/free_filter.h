// SPDX-License-Identifier: Apache-2.0
//
// Answers "may this address be one we know?" for free and realloc, which ask
// it of every block, in one byte load: a table of counters indexed by a hash of
// the address. 0 means certainly not; anything else means: look it up. Known
// addresses are sampled blocks and bootstrap memory.
//
// Whoever records a block adds it before the program can see the block's
// address; whoever removes it is the thread that frees it. A counter that
// reaches its maximum stays there: from then on it only costs look-ups. With
// 2^18 counters and 10,000 live samples, 4 % of the frees look something up.
// The table lives in .bss: pages that no address hashes to are never touched.
#pragma once

#include <atomic>
#include <cstdint>

namespace pprofagent::hot {

inline constexpr unsigned kFreeFilterBits = 18;
extern constinit std::atomic<uint8_t> g_free_filter[1u << kFreeFilterBits]
    __attribute__((visibility("hidden")));

inline std::atomic<uint8_t>& FreeFilterCounter(const void* block) {
  const uint64_t address = reinterpret_cast<uintptr_t>(block);
  return g_free_filter[((address >> 4) * 0x9e3779b97f4a7c15u) >> (64 - kFreeFilterBits)];
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
