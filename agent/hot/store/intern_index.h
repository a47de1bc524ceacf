// SPDX-License-Identifier: Apache-2.0
//
// A set of records found by a 64-bit hash: find one or insert it, never remove.
// The stack table and the bucket tables are made of it.
//
// Shape: a chain of segments, each an array of slots with open addressing and
// linear probing; every next segment has four times the slots of the last. A
// slot is one 64-bit word: the upper 16 bits of the hash and the 48-bit address
// of the record, so that a mismatch is seen without touching the record. 0 is
// an empty slot.
//
// Writers: any thread and any signal handler, at any time. A record is complete
// before a compare-and-swap (release) puts it in a slot; a reader loads the
// slot with acquire. The loser of a race for a slot looks at what the winner
// put there: its own key or another one. While a new segment is being opened
// two threads may insert the same key into different segments. That is
// harmless: both records count, and a snapshot adds equal keys up.
//
// Nothing is ever moved or freed, hence no reclamation, no locks, no waiting: a
// handler may interrupt an insertion anywhere and insert itself. When the pool
// has no memory, insertion returns null and the caller counts the drop.
//
// Cost: at half full segments a find touches 1.5 slots of each segment on
// average, and a program with 500 stacks has one segment, one with 40,000 four.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "agent/hot/rt/mapped_pool.h"

namespace pprofagent::hot {

template <typename Record>
class InternIndex {
 public:
  constexpr explicit InternIndex(MappedPool* pool) : pool_(pool) {}

  // Returns the record for which `matches(record)` holds among those with this
  // hash, else the one that `make()` returns (null: no memory), inserted. When
  // another thread inserts an equal record first, that one is returned and the
  // memory of ours is lost to the pool, which is rare and small.
  template <typename Matches, typename Make>
  Record* FindOrInsert(uint64_t hash, Matches matches, Make make) {
    Segment* last = nullptr;
    for (Segment* s = first_.load(std::memory_order_acquire); s != nullptr;
         s = s->next.load(std::memory_order_acquire)) {
      if (Record* found = FindIn(s, hash, matches)) return found;
      last = s;
    }
    Record* fresh = make();
    if (fresh == nullptr) return nullptr;
    for (;;) {
      if (last == nullptr || IsFull(last)) last = OpenSegment(last);
      if (last == nullptr) return nullptr;
      if (Record* placed = InsertIn(last, hash, fresh, matches)) return placed;
      // The stretch this key may lie in is taken although the segment is not
      // full; from now on it counts as full.
      last->used.store(last->slot_count, std::memory_order_relaxed);
    }
  }

  // Calls visit(record) for every record inserted before the call began.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (Segment* s = first_.load(std::memory_order_acquire); s != nullptr;
         s = s->next.load(std::memory_order_acquire)) {
      for (size_t i = 0; i < s->slot_count; ++i) {
        if (Record* record = RecordIn(s->slots[i].load(std::memory_order_acquire))) visit(record);
      }
    }
  }

 private:
  struct Segment {
    std::atomic<Segment*> next;
    std::atomic<size_t> used;
    size_t slot_count;
    std::atomic<uint64_t> slots[];
  };

  static constexpr size_t kFirstSlots = 1024;
  static constexpr size_t kProbes = 64;
  static constexpr uint64_t kAddressMask = (uint64_t{1} << 48) - 1;

  static Record* RecordIn(uint64_t slot) { return reinterpret_cast<Record*>(slot & kAddressMask); }
  static uint64_t Pack(uint64_t hash, Record* record) {
    return (hash & ~kAddressMask) | reinterpret_cast<uintptr_t>(record);
  }
  static bool SameTag(uint64_t slot, uint64_t hash) { return ((slot ^ hash) >> 48) == 0; }

  static bool IsFull(Segment* s) {
    return s->used.load(std::memory_order_relaxed) * 2 >= s->slot_count;
  }

  template <typename Matches>
  Record* FindIn(Segment* s, uint64_t hash, Matches matches) {
    for (size_t i = 0; i < kProbes; ++i) {
      const uint64_t slot =
          s->slots[(hash + i) & (s->slot_count - 1)].load(std::memory_order_acquire);
      if (slot == 0) return nullptr;
      if (SameTag(slot, hash) && matches(RecordIn(slot))) return RecordIn(slot);
    }
    return nullptr;
  }

  template <typename Matches>
  Record* InsertIn(Segment* s, uint64_t hash, Record* fresh, Matches matches) {
    for (size_t i = 0; i < kProbes; ++i) {
      std::atomic<uint64_t>& slot = s->slots[(hash + i) & (s->slot_count - 1)];
      uint64_t seen = slot.load(std::memory_order_acquire);
      if (seen == 0 &&
          slot.compare_exchange_strong(seen, Pack(hash, fresh), std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
        s->used.fetch_add(1, std::memory_order_relaxed);
        return fresh;
      }
      if (SameTag(seen, hash) && matches(RecordIn(seen))) return RecordIn(seen);
    }
    return nullptr;
  }

  // Returns the segment after `last`, opened by us or by somebody else.
  Segment* OpenSegment(Segment* last) {
    std::atomic<Segment*>& link = last != nullptr ? last->next : first_;
    Segment* existing = link.load(std::memory_order_acquire);
    if (existing != nullptr) return existing;
    const size_t slots = last != nullptr ? last->slot_count * 4 : kFirstSlots;
    auto* fresh = static_cast<Segment*>(
        pool_->Allocate(sizeof(Segment) + slots * sizeof(std::atomic<uint64_t>)));
    if (fresh == nullptr) return nullptr;
    fresh->slot_count = slots;
    if (link.compare_exchange_strong(existing, fresh, std::memory_order_acq_rel,
                                     std::memory_order_acquire)) {
      return fresh;
    }
    return existing;
  }

  MappedPool* const pool_;
  std::atomic<Segment*> first_{nullptr};
};

}  // namespace pprofagent::hot
