// SPDX-License-Identifier: Apache-2.0
//
// Numbers addresses (words of stacks) in the order in which they are first seen, from 1. A flat
// hash table with linear probing: std::unordered_map takes three times the
// memory and makes the agent depend on libm, of all things, for its growth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pprofagent::service {

class IdTable {
 public:
  IdTable() : slots_(kFirstSlots, 0) {}

  // The id of an address, a new one if it has none.
  uint64_t IdOf(uintptr_t address);
  // In the order of their ids.
  const std::vector<uintptr_t>& addresses() const { return addresses_; }

 private:
  static constexpr size_t kFirstSlots = 1024;  // a power of two

  // The slot that holds the address, or the free one where it belongs.
  size_t SlotOf(uintptr_t address) const;
  void Grow();

  std::vector<uintptr_t> addresses_;
  // Ids; 0 is a free slot. At most half are taken.
  std::vector<uint32_t> slots_;
};

}  // namespace pprofagent::service
