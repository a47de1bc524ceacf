// SPDX-License-Identifier: Apache-2.0
//
// See string_table.h.
#include "tools/profile/string_table.h"

#include <cstring>
#include <functional>

namespace cpprof::profile {
namespace {

constexpr size_t kChunkSize = size_t{64} * 1024;
constexpr size_t kFirstSlots = 64;

size_t Hash(std::string_view text) { return std::hash<std::string_view>{}(text); }

}  // namespace

StringTable::StringTable() : slots_(kFirstSlots) { Intern(""); }

StringId StringTable::Intern(std::string_view text) {
  const size_t mask = slots_.size() - 1;
  size_t slot = Hash(text) & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const StringId id = slots_[slot] - 1;
    if (views_[id] == text) return id;
  }
  const StringId id = static_cast<StringId>(views_.size());
  views_.push_back(Store(text));
  slots_[slot] = id + 1;
  if (views_.size() * 2 > slots_.size()) Grow();
  return id;
}

std::string_view StringTable::Store(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > free_size_) {
    free_size_ = text.size() > kChunkSize / 4 ? text.size() : kChunkSize;
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(free_size_));
    free_ = chunks_.back().get();
  }
  char* at = free_;
  std::memcpy(at, text.data(), text.size());
  free_ += text.size();
  free_size_ -= text.size();
  return {at, text.size()};
}

void StringTable::Grow() {
  std::vector<uint32_t> slots(slots_.size() * 2);
  const size_t mask = slots.size() - 1;
  for (StringId id = 0; id < views_.size(); ++id) {
    size_t slot = Hash(views_[id]) & mask;
    while (slots[slot] != 0) slot = (slot + 1) & mask;
    slots[slot] = id + 1;
  }
  slots_ = std::move(slots);
}

}  // namespace cpprof::profile
