// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/dwarf_unit.h"

#include <dwarf.h>

#include <algorithm>
#include <numeric>

namespace cpprof::symbolize {
namespace {

// Deeper than any compiler nests; a file that goes on is damaged.
constexpr int kMaxDepth = 256;

// Languages whose plain names are what the linker sees.
bool HasPlainNames(int language) {
  switch (language) {
    case DW_LANG_C89:
    case DW_LANG_C:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_Cobol74:
    case DW_LANG_Cobol85:
    case DW_LANG_Fortran77:
    case DW_LANG_Fortran90:
    case DW_LANG_Fortran95:
    case DW_LANG_Fortran03:
    case DW_LANG_Fortran08:
    case DW_LANG_Pascal83:
    case DW_LANG_Modula2:
    case DW_LANG_PLI:
    case DW_LANG_UPC:
    case DW_LANG_Mips_Assembler:
      return true;
    default:
      return false;
  }
}

std::string_view TextAttribute(Dwarf_Die* entry, unsigned name) {
  Dwarf_Attribute attribute;
  if (dwarf_attr_integrate(entry, name, &attribute) == nullptr) return {};
  const char* text = dwarf_formstring(&attribute);
  return text == nullptr ? std::string_view() : text;
}

// Lines, columns and file numbers; what does not fit is damage and counts as absent.
int32_t NumberAttribute(Dwarf_Die* entry, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr(entry, name, &attribute) == nullptr || dwarf_formudata(&attribute, &value) != 0) {
    return 0;
  }
  return value > INT32_MAX ? 0 : static_cast<int32_t>(value);
}

bool IsNamespace(int tag) {
  return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_imported_unit ||
         tag == DW_TAG_common_block;
}

// What can have functions with code inside, though compilers hardly ever put them there.
bool IsType(int tag) {
  return tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
         tag == DW_TAG_interface_type || tag == DW_TAG_enumeration_type;
}

}  // namespace

DwarfUnit::DwarfUnit(const Dwarf_Die& unit, const Dwarf_Die& entries,
                     std::span<const uint64_t> addresses)
    : addresses_(addresses), innermost_(addresses.size(), 0) {
  Dwarf_Die unit_entry = unit;
  Dwarf_Die top = entries;
  plain_names_are_linkage_ = HasPlainNames(dwarf_srclang(&top));
  directory_ = TextAttribute(&unit_entry, DW_AT_comp_dir);
  size_t file_count = 0;
  if (dwarf_getsrcfiles(&unit_entry, &files_, &file_count) != 0) files_ = nullptr;
  if (dwarf_getsrclines(&unit_entry, &lines_, &line_count_) != 0) line_count_ = 0;
  WalkDeclarations(top, /*into_types=*/false, 0);
  if (!AllFound()) WalkDeclarations(top, /*into_types=*/true, 0);
}

void DwarfUnit::WalkDeclarations(Dwarf_Die parent, bool into_types, int depth) {
  Dwarf_Die entry;
  if (depth > kMaxDepth || dwarf_child(&parent, &entry) != 0) return;
  do {
    const int tag = dwarf_tag(&entry);
    if (tag == DW_TAG_subprogram) {
      uint64_t first = 0;
      const Indices held = Held(&entry, nullptr, &first);
      if (!held.empty()) {
        const uint32_t scope = AddScope(&entry, first, 0, /*inlined=*/false);
        Note(held, scope);
        WalkFunction(entry, held, scope, depth + 1);
      }
    }
    if (IsNamespace(tag) || (into_types && (IsType(tag) || tag == DW_TAG_subprogram))) {
      WalkDeclarations(entry, into_types, depth + 1);
    }
  } while (!AllFound() && dwarf_siblingof(&entry, &entry) == 0);
}

void DwarfUnit::WalkFunction(Dwarf_Die function, const Indices& held, uint32_t scope, int depth) {
  Dwarf_Die entry;
  if (depth > kMaxDepth || dwarf_child(&function, &entry) != 0) return;
  do {
    const int tag = dwarf_tag(&entry);
    const bool block = tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
                       tag == DW_TAG_catch_block || tag == DW_TAG_with_stmt;
    const bool inlined = tag == DW_TAG_inlined_subroutine;
    const bool nested = tag == DW_TAG_subprogram;
    if (!block && !inlined && !nested) continue;
    uint64_t first = 0;
    // A nested function's code is not within that of the function around it.
    const Indices inside = Held(&entry, nested ? nullptr : &held, &first);
    if (inside.empty()) continue;
    uint32_t inner = scope;
    if (!block) {
      inner = AddScope(&entry, first, inlined ? scope : 0, inlined);
      Note(inside, inner);
    }
    WalkFunction(entry, inside, inner, depth + 1);
  } while (dwarf_siblingof(&entry, &entry) == 0);
}

// The addresses that `entry` covers: of all of them, or of those in `among`.
DwarfUnit::Indices DwarfUnit::Held(Dwarf_Die* entry, const Indices* among,
                                   uint64_t* first_address) const {
  Indices held;
  ptrdiff_t offset = 0;
  Dwarf_Addr base = 0;
  Dwarf_Addr begin = 0;
  Dwarf_Addr end = 0;
  while ((offset = dwarf_ranges(entry, offset, &base, &begin, &end)) > 0) {
    if (begin >= end) continue;
    // The first range listed is where the function is entered; its cold part may lie before.
    if (first_address != nullptr) {
      *first_address = begin;
      first_address = nullptr;
    }
    if (among != nullptr) {
      auto at = std::lower_bound(
          among->begin(), among->end(), begin,
          [this](uint32_t index, uint64_t value) { return addresses_[index] < value; });
      for (; at != among->end() && addresses_[*at] < end; ++at) held.push_back(*at);
    } else {
      auto at = std::lower_bound(addresses_.begin(), addresses_.end(), begin);
      for (; at != addresses_.end() && *at < end; ++at) {
        held.push_back(static_cast<uint32_t>(at - addresses_.begin()));
      }
    }
  }
  std::sort(held.begin(), held.end());
  held.erase(std::unique(held.begin(), held.end()), held.end());
  return held;
}

uint32_t DwarfUnit::AddScope(Dwarf_Die* entry, uint64_t first_address, uint32_t parent,
                             bool inlined) {
  Scope scope;
  scope.inlined = inlined;
  scope.instance = dwarf_dieoffset(entry);
  scope.entry = first_address;
  scope.parent = parent;
  scope.name = TextAttribute(entry, DW_AT_linkage_name);
  if (scope.name.empty()) scope.name = TextAttribute(entry, DW_AT_MIPS_linkage_name);
  scope.linkage = !scope.name.empty();
  if (scope.name.empty()) {
    scope.name = TextAttribute(entry, DW_AT_name);
    scope.linkage = plain_names_are_linkage_ && !scope.name.empty();
  }
  int line = 0;
  if (dwarf_decl_line(entry, &line) == 0) scope.start_line = line;
  if (inlined) ReadCall(entry, &scope);
  scopes_.push_back(scope);
  return static_cast<uint32_t>(scopes_.size());
}

// libdw leaves names relative that the unit gives relative to the directory it was compiled in.
std::string_view DwarfUnit::FullPath(const char* name) {
  if (name == nullptr) return {};
  if (name[0] == '/' || directory_.empty()) return name;
  std::string& full = full_paths_[name];
  if (full.empty()) full = std::string(directory_) + "/" + name;
  return full;
}

void DwarfUnit::ReadCall(Dwarf_Die* entry, Scope* scope) {
  scope->call_line = NumberAttribute(entry, DW_AT_call_line);
  scope->call_column = NumberAttribute(entry, DW_AT_call_column);
  const int32_t file = NumberAttribute(entry, DW_AT_call_file);
  if (files_ == nullptr) return;
  scope->call_file = FullPath(dwarf_filesrc(files_, static_cast<size_t>(file), nullptr, nullptr));
}

void DwarfUnit::Note(const Indices& held, uint32_t scope) {
  const bool inlined = scopes_[scope - 1].inlined;
  for (const uint32_t index : held) {
    uint32_t& innermost = innermost_[index];
    if (innermost == 0) {
      ++found_;
    } else if (!inlined && scopes_[scope - 1].entry < scopes_[innermost - 1].entry) {
      // Two functions claim the address: the one that starts nearer to it keeps it.
      continue;
    }
    innermost = scope;
  }
}

// The last row at or before the address, unless it says that the sequence ends there.
Dwarf_Line* DwarfUnit::LineAt(uint64_t address) const {
  size_t low = 0;
  size_t high = line_count_;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    Dwarf_Addr row = 0;
    if (dwarf_lineaddr(dwarf_onesrcline(lines_, middle), &row) != 0) return nullptr;
    if (row <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return nullptr;
  Dwarf_Line* line = dwarf_onesrcline(lines_, low - 1);
  bool end = false;
  if (line == nullptr || dwarf_lineendsequence(line, &end) != 0 || end) return nullptr;
  return line;
}

std::vector<Frame> DwarfUnit::FramesAt(size_t index) {
  std::vector<Frame> frames;
  Frame frame;
  bool known = false;
  if (Dwarf_Line* line = LineAt(addresses_[index]); line != nullptr) {
    int number = 0;
    int column = 0;
    frame.file = FullPath(dwarf_linesrc(line, nullptr, nullptr));
    if (dwarf_lineno(line, &number) == 0) frame.line = number;
    if (dwarf_linecol(line, &column) == 0) frame.column = column;
    known = !frame.file.empty();
  }
  uint32_t at = innermost_[index];
  if (at == 0 && known) frames.push_back(frame);
  while (at != 0) {
    const Scope& scope = scopes_[at - 1];
    frame.function = scope.name;
    frame.linkage = scope.linkage;
    frame.instance = scope.instance;
    frame.entry = scope.entry;
    frame.start_line = scope.start_line;
    frames.push_back(frame);
    // The frame around it is where the call was.
    frame = Frame();
    frame.file = scope.call_file;
    frame.line = scope.call_line;
    frame.column = scope.call_column;
    at = scope.parent;
  }
  return frames;
}

}  // namespace cpprof::symbolize
