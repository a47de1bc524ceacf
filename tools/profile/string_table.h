// SPDX-License-Identifier: Apache-2.0
//
// The strings of a profile, each stored once. A StringId is dense, starting with 0 for the empty
// string, so columns hold four bytes a string and comparing two strings is comparing two numbers.
//
// The characters live in chunks that never move: a view stays valid as long as the table. The table
// only grows. It is shared by the copies of a profile (a shell command filters a copy, and its new
// names harm nobody), so it belongs to one thread at a time, as the profile does.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace cpprof::profile {

using StringId = uint32_t;

class StringTable {
 public:
  StringTable();
  StringTable(const StringTable&) = delete;
  StringTable& operator=(const StringTable&) = delete;

  // The id of `text`, which is copied if it is new.
  StringId Intern(std::string_view text);
  std::string_view View(StringId id) const { return views_[id]; }
  // Ids are 0..size()-1.
  size_t size() const { return views_.size(); }

 private:
  std::string_view Store(std::string_view text);
  void Grow();

  std::vector<std::string_view> views_;
  // Open addressing; an entry is id + 1, 0 is free. Twice as many slots as strings at least.
  std::vector<uint32_t> slots_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* free_ = nullptr;
  size_t free_size_ = 0;
};

}  // namespace cpprof::profile
