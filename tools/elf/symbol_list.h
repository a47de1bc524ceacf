// SPDX-License-Identifier: Apache-2.0
//
// All symbols of a file in the order `nm -n` prints them: what a disassembly is cut into. Where one
// group of symbols ends the next begins, so data, labels and absolute values count too.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tools/elf/file.h"

namespace cpprof::elf {

struct ListedSymbol {
  uint64_t address = 0;
  std::string_view name;
};

// From .symtab, or from .dynsym when there is no .symtab; by address, then name. The names point
// into the file. What cannot be read of a damaged file is left out.
std::vector<ListedSymbol> ListSymbols(const File& file);

// Whether it has .symtab, which also lists what it does not export.
bool HasSymbolTable(const File& file);

}  // namespace cpprof::elf
