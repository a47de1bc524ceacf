// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/symbol_list.h"

#include <elf.h>
#include <gelf.h>

#include <algorithm>

namespace cpprof::elf {
namespace {

Elf_Scn* FindSectionOfType(const File& file, uint32_t type) {
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(file.handle(), section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) != nullptr && header.sh_type == type) return section;
  }
  return nullptr;
}

}  // namespace

bool HasSymbolTable(const File& file) { return FindSectionOfType(file, SHT_SYMTAB) != nullptr; }

std::vector<ListedSymbol> ListSymbols(const File& file) {
  std::vector<ListedSymbol> symbols;
  Elf_Scn* section = FindSectionOfType(file, SHT_SYMTAB);
  if (section == nullptr) section = FindSectionOfType(file, SHT_DYNSYM);
  if (section == nullptr) return symbols;
  GElf_Shdr header;
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || gelf_getshdr(section, &header) == nullptr) return symbols;
  GElf_Sym symbol;
  for (int i = 1; gelf_getsym(data, i, &symbol) != nullptr; ++i) {
    const int type = GELF_ST_TYPE(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || type == STT_SECTION || type == STT_FILE) continue;
    const char* name = elf_strptr(file.handle(), header.sh_link, symbol.st_name);
    if (name == nullptr || *name == '\0') continue;
    symbols.push_back({.address = symbol.st_value, .name = name});
  }
  std::stable_sort(symbols.begin(), symbols.end(),
                   [](const ListedSymbol& a, const ListedSymbol& b) {
                     return a.address != b.address ? a.address < b.address : a.name < b.name;
                   });
  return symbols;
}

}  // namespace cpprof::elf
