// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/id_table.h"

namespace pprofagent::service {
namespace {

// Spreads what differs in the low bits of addresses over all bits.
size_t Hash(uintptr_t address) {
  constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
  const uint64_t product = uint64_t{address} * kGoldenRatio;
  return product ^ (product >> 32);
}

}  // namespace

size_t IdTable::SlotOf(uintptr_t address) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = Hash(address) & mask;
  while (slots_[slot] != 0 && addresses_[slots_[slot] - 1] != address) slot = (slot + 1) & mask;
  return slot;
}

void IdTable::Grow() {
  slots_ = std::vector<uint32_t>(slots_.size() * 2, 0);
  for (size_t i = 0; i < addresses_.size(); ++i) {
    slots_[SlotOf(addresses_[i])] = static_cast<uint32_t>(i + 1);
  }
}

uint64_t IdTable::IdOf(uintptr_t address) {
  size_t slot = SlotOf(address);
  if (slots_[slot] != 0) return slots_[slot];
  if (addresses_.size() + 1 > slots_.size() / 2) {
    Grow();
    slot = SlotOf(address);
  }
  addresses_.push_back(address);
  slots_[slot] = static_cast<uint32_t>(addresses_.size());
  return slots_[slot];
}

}  // namespace pprofagent::service
