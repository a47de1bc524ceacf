// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/live_map.h"

#include <atomic>

#include "agent/hot/rt/mapped_pool.h"

namespace pprofagent::hot {

namespace {

// No block has these addresses: allocators align to 8 at the least.
constexpr uintptr_t kEmpty = 0;
constexpr uintptr_t kVacant = 1;
constexpr uintptr_t kReserved = 2;

struct Slot {
  std::atomic<uintptr_t> key;
  LiveBlock live;
};
static_assert(sizeof(Slot) == 32, "two slots a cache line");

struct Segment {
  Segment* older;  // set before the segment is published
  std::atomic<size_t> used;
  size_t slot_count;
  size_t unused_;  // keeps the slots aligned to their size
  Slot slots[];
};
static_assert(sizeof(Segment) % sizeof(Slot) == 0);

constexpr size_t kFirstSlots = 4096;
constexpr size_t kProbes = 64;

// 2 GiB: 50 million blocks in use.
constinit MappedPool g_pool(size_t{4} << 10, size_t{2} << 30);
// Newest first: that is where most blocks are.
constinit std::atomic<Segment*> g_newest{nullptr};

size_t Home(const Segment* s, uintptr_t address) {
  return (((address >> 4) * 0x9e3779b97f4a7c15u) >> 20) & (s->slot_count - 1);
}

Slot& SlotAt(Segment* s, size_t home, size_t i) {
  return s->slots[(home + i) & (s->slot_count - 1)];
}

Segment* Open(Segment* older) {
  const size_t slots = older != nullptr ? older->slot_count * 4 : kFirstSlots;
  auto* fresh = static_cast<Segment*>(g_pool.Allocate(sizeof(Segment) + slots * sizeof(Slot)));
  if (fresh == nullptr) return nullptr;
  fresh->slot_count = slots;
  fresh->older = older;
  Segment* expected = older;
  return g_newest.compare_exchange_strong(expected, fresh, std::memory_order_acq_rel,
                                          std::memory_order_acquire)
             ? fresh
             : expected;
}

bool IsFull(const Segment* s) {
  return s->used.load(std::memory_order_relaxed) * 4 >= s->slot_count * 3;
}

bool InsertIn(Segment* s, uintptr_t address, const LiveBlock& live) {
  const size_t home = Home(s, address);
  for (size_t i = 0; i < kProbes; ++i) {
    Slot& slot = SlotAt(s, home, i);
    uintptr_t key = slot.key.load(std::memory_order_relaxed);
    if (key != kEmpty && key != kVacant) continue;
    if (!slot.key.compare_exchange_strong(key, kReserved, std::memory_order_acquire)) continue;
    slot.live = live;
    slot.key.store(address, std::memory_order_release);
    s->used.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

bool RemoveIn(Segment* s, uintptr_t address, LiveBlock* removed) {
  const size_t home = Home(s, address);
  for (size_t i = 0; i < kProbes; ++i) {
    Slot& slot = SlotAt(s, home, i);
    const uintptr_t key = slot.key.load(std::memory_order_acquire);
    if (key == kEmpty) return false;
    if (key != address) continue;
    *removed = slot.live;
    slot.key.store(kVacant, std::memory_order_release);
    s->used.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

}  // namespace

bool RemoveLive(const void* block, LiveBlock* removed) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  for (Segment* s = g_newest.load(std::memory_order_acquire); s != nullptr; s = s->older) {
    if (RemoveIn(s, address, removed)) return true;
  }
  return false;
}

bool InsertLive(const void* block, const LiveBlock& live) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  Segment* s = g_newest.load(std::memory_order_acquire);
  for (;;) {
    if (s != nullptr && !IsFull(s) && InsertIn(s, address, live)) return true;
    s = Open(s);
    if (s == nullptr) return false;
  }
}

uint64_t LiveMapBytes() { return g_pool.mapped(); }

}  // namespace pprofagent::hot
