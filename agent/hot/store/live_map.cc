// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/live_map.h"

#include <atomic>

#include "agent/hot/rt/free_filter.h"
#include "agent/hot/rt/mapped_pool.h"

namespace pprofagent::hot {

namespace {

constexpr int kAddressBits = 48;
constexpr uint64_t kAddressMask = (uint64_t{1} << kAddressBits) - 1;
constexpr int kSlots = 4;
// A block lies in its home line or in one of the next; the last lines of a
// segment are nobody's home.
constexpr size_t kReach = 4;
constexpr size_t kFirstLines = 256;

struct Slot {
  // 0: free.
  std::atomic<uint64_t> address;
  std::atomic<uint64_t> bucket;
};

struct alignas(64) Line {
  Slot slots[kSlots];
};
static_assert(sizeof(Line) == 64, "one cache line");

struct Segment {
  Segment* older;  // set before the segment is published
  size_t home_lines;
  Line* lines;
  // By home line: how many of its blocks are in another line; at the maximum it
  // stays.
  std::atomic<uint8_t> strayed[];
};

// 2 GiB: 100 million blocks in use.
constinit MappedPool g_pool(size_t{16} << 10, size_t{2} << 30);
// Newest first: that is where most blocks are.
constinit std::atomic<Segment*> g_newest[kRegionParts] = {};

std::atomic<Segment*>& NewestOf(uint64_t address) { return g_newest[RegionPart(address)]; }

// Not the bits by which the filter finds its counter, nor those that only tell
// regions apart.
size_t HomeIn(const Segment* s, uint64_t address) {
  return (HashOfBlock(address) >> 20) & (s->home_lines - 1);
}

size_t LinesOf(size_t home_lines) { return home_lines + kReach - 1; }

Segment* Open(Segment* older, std::atomic<Segment*>* newest) {
  const size_t home_lines = older != nullptr ? older->home_lines * 4 : kFirstLines;
  const size_t head = sizeof(Segment) + home_lines;
  // The pool aligns to 16 only.
  auto* fresh = static_cast<Segment*>(
      g_pool.Allocate(head + (LinesOf(home_lines) * sizeof(Line)) + alignof(Line)));
  if (fresh == nullptr) return nullptr;
  fresh->home_lines = home_lines;
  fresh->older = older;
  const uintptr_t behind = reinterpret_cast<uintptr_t>(fresh) + head;
  fresh->lines = reinterpret_cast<Line*>((behind + alignof(Line) - 1) & ~(alignof(Line) - 1));
  Segment* expected = older;
  return newest->compare_exchange_strong(expected, fresh, std::memory_order_acq_rel,
                                         std::memory_order_acquire)
             ? fresh
             : expected;
}

void Count(std::atomic<uint8_t>* counter, int step) {
  uint8_t value = counter->load(std::memory_order_relaxed);
  while (value != UINT8_MAX &&
         !counter->compare_exchange_weak(value, static_cast<uint8_t>(value + step),
                                         std::memory_order_relaxed)) {
  }
}

// The size beyond the class's, 32 bits of it; there are no blocks whose size
// class is coarser than that (heap_buckets.h).
uint64_t High(uint64_t rest) { return (rest >> 16) << kAddressBits; }
uint64_t Low(uint64_t rest) { return rest << kAddressBits; }

bool InsertInLine(Line* line, uint64_t address, const LiveBlock& live) {
  const uint64_t rest = live.size - (live.bucket != nullptr ? live.bucket->size_class : 0);
  for (Slot& slot : line->slots) {
    uint64_t expected = slot.address.load(std::memory_order_relaxed);
    if (expected != 0) continue;
    if (!slot.address.compare_exchange_strong(
            expected, address | High(rest), std::memory_order_acquire, std::memory_order_relaxed)) {
      continue;
    }
    slot.bucket.store(reinterpret_cast<uintptr_t>(live.bucket) | Low(rest),
                      std::memory_order_relaxed);
    return true;
  }
  return false;
}

bool InsertIn(Segment* s, uint64_t address, const LiveBlock& live) {
  const size_t home = HomeIn(s, address);
  if (InsertInLine(&s->lines[home], address, live)) return true;
  // Counted before it can be there: a search must not end too early. The only
  // search for this address comes after this insertion, which orders the two.
  Count(&s->strayed[home], 1);
  for (size_t i = 1; i < kReach; ++i) {
    if (InsertInLine(&s->lines[home + i], address, live)) return true;
  }
  Count(&s->strayed[home], -1);
  return false;
}

bool RemoveInLine(Line* line, uint64_t address, LiveBlock* removed) {
  for (Slot& slot : line->slots) {
    const uint64_t first = slot.address.load(std::memory_order_relaxed);
    if ((first & kAddressMask) != address) continue;
    const uint64_t second = slot.bucket.load(std::memory_order_relaxed);
    const uint64_t rest = ((first >> kAddressBits) << 16) | (second >> kAddressBits);
    removed->bucket = reinterpret_cast<HeapBucket*>(second & kAddressMask);
    removed->size = rest + (removed->bucket != nullptr ? removed->bucket->size_class : 0);
    // Release: the next owner of the slot writes after we have read.
    slot.address.store(0, std::memory_order_release);
    return true;
  }
  return false;
}

bool RemoveIn(Segment* s, uint64_t address, LiveBlock* removed) {
  const size_t home = HomeIn(s, address);
  if (RemoveInLine(&s->lines[home], address, removed)) return true;
  if (s->strayed[home].load(std::memory_order_relaxed) == 0) return false;
  for (size_t i = 1; i < kReach; ++i) {
    if (!RemoveInLine(&s->lines[home + i], address, removed)) continue;
    Count(&s->strayed[home], -1);
    return true;
  }
  return false;
}

}  // namespace

void PrefetchLive(const void* block) {
  const uint64_t address = reinterpret_cast<uintptr_t>(block);
  for (Segment* s = NewestOf(address).load(std::memory_order_acquire); s != nullptr; s = s->older) {
    __builtin_prefetch(&s->lines[HomeIn(s, address)], 1);
  }
}

bool RemoveLive(const void* block, LiveBlock* removed) {
  const uint64_t address = reinterpret_cast<uintptr_t>(block);
  if (address == 0) return false;
  // The misses of all segments at once instead of one after the other.
  PrefetchLive(block);
  Segment* s = NewestOf(address).load(std::memory_order_acquire);
  for (; s != nullptr; s = s->older) {
    if (RemoveIn(s, address, removed)) return true;
  }
  return false;
}

bool InsertLive(const void* block, const LiveBlock& live) {
  const uint64_t address = reinterpret_cast<uintptr_t>(block);
  // The kernel hands out higher addresses only to who asks for one.
  if ((address & ~kAddressMask) != 0) return false;
  std::atomic<Segment*>& newest = NewestOf(address);
  Segment* s = newest.load(std::memory_order_acquire);
  for (;;) {
    if (s != nullptr && InsertIn(s, address, live)) return true;
    s = Open(s, &newest);
    if (s == nullptr) return false;
  }
}

uint64_t LiveMapBytes() { return g_pool.mapped(); }

}  // namespace pprofagent::hot
