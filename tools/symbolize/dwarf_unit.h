// SPDX-License-Identifier: Apache-2.0
//
// One compilation unit and the addresses asked of it: walks the unit's entries once, notes for each
// address the chain of functions around it, and reads the line table. See dwarf_reader.h.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tools/symbolize/frame.h"

namespace cpprof::symbolize {

class DwarfUnit {
 public:
  // `unit` has the line table; `entries` is where the functions are, the same entry except in split
  // DWARF. `addresses` are sorted.
  DwarfUnit(const Dwarf_Die& unit, const Dwarf_Die& entries, std::span<const uint64_t> addresses);

  // The frames of addresses[index], innermost first; empty when the unit says nothing about it.
  // The texts are valid as long as the unit.
  std::vector<Frame> FramesAt(size_t index);

  // How many bytes libdw may have allocated for this unit; a guess from above.
  size_t decoded_size() const { return line_count_ * kLineRecordSize; }

 private:
  static constexpr size_t kLineRecordSize = 48;

  // A function or inlined call that holds at least one of the addresses.
  struct Scope {
    std::string_view name;
    bool linkage = false;
    bool inlined = false;
    uint64_t instance = 0;
    uint64_t entry = 0;
    int32_t start_line = 0;
    std::string_view call_file;
    int32_t call_line = 0;
    int32_t call_column = 0;
    uint32_t parent = 0;  // index + 1 of the scope around it
  };
  // Where the walk stands: a run of indices of addresses_.
  using Indices = std::vector<uint32_t>;

  void WalkDeclarations(Dwarf_Die parent, bool into_types, int depth);
  void WalkFunction(Dwarf_Die function, const Indices& held, uint32_t scope, int depth);
  Indices Held(Dwarf_Die* entry, const Indices* among, uint64_t* first_address) const;
  uint32_t AddScope(Dwarf_Die* entry, uint64_t first_address, uint32_t parent, bool inlined);
  void Note(const Indices& held, uint32_t scope);
  bool AllFound() const { return found_ == addresses_.size(); }
  void ReadCall(Dwarf_Die* entry, Scope* scope);
  std::string_view FullPath(const char* name);
  Dwarf_Line* LineAt(uint64_t address) const;

  std::span<const uint64_t> addresses_;
  bool plain_names_are_linkage_ = false;
  std::string_view directory_;
  // By libdw's text for the name.
  std::unordered_map<const char*, std::string> full_paths_;
  Dwarf_Files* files_ = nullptr;
  Dwarf_Lines* lines_ = nullptr;
  size_t line_count_ = 0;
  std::vector<Scope> scopes_;
  // Index + 1 of the innermost scope of each address.
  std::vector<uint32_t> innermost_;
  size_t found_ = 0;
};

}  // namespace cpprof::symbolize
