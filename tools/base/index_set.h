// SPDX-License-Identifier: Apache-2.0
//
// Finds rows of a table by content: a set of row numbers, hashed by what the rows hold. The rows
// themselves live in somebody's columns, so the caller brings the hash and the comparison. One
// probe is one cache line: a slot is 8 bytes, the upper half of the hash beside the row number, and
// rows are compared only when those 32 bits agree.
//
// With a million rows: 2^21 slots, 16 MB, 1.3 probes a lookup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace cpprof {

// Folds `value` into a running hash.
inline uint64_t HashMix(uint64_t hash, uint64_t value) {
  const auto product =
      static_cast<unsigned __int128>(hash ^ 0x9e3779b97f4a7c15u) * (value ^ 0xbf58476d1ce4e5b9u);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

class IndexSet {
 public:
  static constexpr uint32_t kAbsent = UINT32_MAX;

  explicit IndexSet(size_t expected = 0) {
    size_t slots = 16;
    while (slots < expected * 2) slots *= 2;
    slots_.resize(slots);
  }

  size_t size() const { return size_; }

  // The row with this hash for which `equal(row)`, or kAbsent.
  template <typename Equal>
  uint32_t Find(uint64_t hash, Equal&& equal) const {
    const uint32_t tag = Tag(hash);
    const size_t mask = slots_.size() - 1;
    for (size_t at = tag & mask; slots_[at].row != 0; at = (at + 1) & mask) {
      if (slots_[at].tag == tag && equal(slots_[at].row - 1)) return slots_[at].row - 1;
    }
    return kAbsent;
  }

  // For who looks up many rows in a large set: fetches into the cache what the lookup will read,
  // and then says which row it will compare (kAbsent: none), so that this can be fetched, too.
  void Prefetch(uint64_t hash) const {
    __builtin_prefetch(&slots_[Tag(hash) & (slots_.size() - 1)]);
  }
  uint32_t Likely(uint64_t hash) const {
    return Find(hash, [](uint32_t) { return true; });
  }

  // Adds a row that is not there yet. `row` < kAbsent.
  void Insert(uint64_t hash, uint32_t row) {
    if ((size_ + 1) * 2 > slots_.size()) Grow();
    Place(&slots_, {Tag(hash), row + 1});
    ++size_;
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t row = 0;  // + 1; 0 is a free slot
  };

  static uint32_t Tag(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

  static void Place(std::vector<Slot>* slots, Slot slot) {
    const size_t mask = slots->size() - 1;
    size_t at = slot.tag & mask;
    while ((*slots)[at].row != 0) at = (at + 1) & mask;
    (*slots)[at] = slot;
  }

  void Grow() {
    std::vector<Slot> slots(slots_.size() * 2);
    for (const Slot& slot : slots_) {
      if (slot.row != 0) Place(&slots, slot);
    }
    slots_ = std::move(slots);
  }

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace cpprof
