// SPDX-License-Identifier: Apache-2.0
//
// The symbols of a file, asked "what is at this address?". Two questions are asked, because the two
// tools the reference runs answer them differently, and the difference shows in reports:
//
//   Nearest          as nm's sorted list is searched: the last symbol at or below the address,
//                    whatever its kind, if it has a size; data and weak symbols count only
//                    within it.
//   NearestFunction  as addr2line falls back to when debug information says nothing: the last
//                    function of the same section at or below the address, without upper bound.
//
//   FunctionAt       the function that really holds the address, if any.
//
// A stripped program still has .dynsym: NearestFunction reads it when there is no .symtab. The
// names point into the file; the table must not outlive the File.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tools/elf/file.h"

namespace cpprof::elf {

struct Symbol {
  uint64_t address = 0;
  uint64_t size = 0;
  std::string_view name;
  uint32_t section = 0;
  std::string_view file;    // the source file's name, where a local symbol has one
  bool function = false;    // code, or without a type in a code section
  bool typed = false;       // really of type STT_FUNC
  bool local = false;       // known to this file only
  bool exact_size = false;  // data or weak: does not reach beyond its size
};

class SymbolTable {
 public:
  // A file without symbols gives an empty table; a damaged one those that can be read.
  explicit SymbolTable(const File& file);
  // Adds what another file about the same program knows; it must outlive the table, too.
  void Add(const File& other);

  const Symbol* Nearest(uint64_t address) const;
  const Symbol* NearestFunction(uint64_t address) const;
  // Of several names for the function, `preferred` if it is one of them, else the one that callers
  // use; that also if `preferred` is only a local variation of it ("__GI_fwrite").
  const Symbol* FunctionAt(uint64_t address, std::string_view preferred) const;
  // The first symbol of this name.
  const Symbol* Find(std::string_view name) const;
  // Whether it comes from .symtab, which has also what the file does not export.
  bool complete() const { return complete_; }

 private:
  struct SectionRange {
    uint64_t begin = 0;
    uint64_t end = 0;
    uint32_t index = 0;
  };

  void Sort();
  void ReadSections(const File& file);
  void ReadSymbols(const File& file, uint32_t section_type, bool into_all);
  uint32_t SectionOf(uint64_t address) const;
  // The functions that start at the same address, the last one at or below `address`.
  std::span<const Symbol> FunctionsBelow(uint64_t address) const;

  std::vector<SectionRange> sections_;
  std::vector<uint64_t> section_flags_;
  bool complete_ = false;
  // Sorted by address, then name.
  std::vector<Symbol> all_;
  // Sorted by address; of equal addresses the one to show comes first.
  std::vector<Symbol> functions_;
};

}  // namespace cpprof::elf
