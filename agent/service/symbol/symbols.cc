// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/symbols.h"
#include "agent/hot/snapshot.h"

#include <cxxabi.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "agent/service/symbol/debug_sections.h"
#include "agent/service/symbol/elf_file.h"
#include "agent/service/symbol/inline_table.h"
#include "agent/service/symbol/line_table.h"
#include "agent/service/symbol/symbol_cache.h"

namespace pprofagent::service {
namespace {

// Of "memcpy@@GLIBC_2.14" without the version.
std::string Demangled(std::string name) {
  // The demangler takes about 100 bytes of stack for each of a name's.
  constexpr size_t kLongest = 1000;
  name.resize(std::min(name.find('@'), name.size()));
  if (!name.starts_with("_Z") || name.size() > kLongest) return name;
  int status = 0;
  const std::unique_ptr<char, decltype(&free)> plain(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), free);
  return plain != nullptr && status == 0 ? std::string(plain.get()) : name;
}

// A wanted address inside one file, and the best symbol seen for it so far.
struct Wanted {
  uint64_t address;  // at link time
  Symbol* symbol;
  uint64_t begin = 0;
  uint64_t name = 0;  // offset in the string table
  bool has_name = false;
  bool has_size = false;
  bool is_global = false;
};

// Whether the new symbol describes the address better: the nearest beginning,
// then one with a size, then the name that others link to.
bool IsBetter(const Wanted& wanted, const Elf64_Sym& symbol) {
  if (!wanted.has_name || symbol.st_value != wanted.begin) {
    return !wanted.has_name || symbol.st_value > wanted.begin;
  }
  if ((symbol.st_size != 0) != wanted.has_size) return symbol.st_size != 0;
  return !wanted.is_global && ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL;
}

// `wanted` is ordered by address.
void Offer(const Elf64_Sym& symbol, std::span<Wanted> wanted) {
  const int type = ELF64_ST_TYPE(symbol.st_info);
  if ((type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) ||
      symbol.st_shndx == SHN_UNDEF || symbol.st_name == 0) {
    return;
  }
  // A label, as assembly code has them, goes to the next symbol.
  const bool is_label = symbol.st_size == 0;
  if (is_label && type == STT_NOTYPE && ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) return;
  auto it = std::lower_bound(
      wanted.begin(), wanted.end(), symbol.st_value,
      [](const Wanted& entry, uint64_t address) { return entry.address < address; });
  constexpr uint64_t kLabelReach = 4096;
  const uint64_t reach = is_label ? kLabelReach : symbol.st_size;
  for (; it != wanted.end() && it->address - symbol.st_value < reach; ++it) {
    if (!IsBetter(*it, symbol)) continue;
    it->begin = symbol.st_value;
    it->name = symbol.st_name;
    it->has_name = true;
    it->has_size = !is_label;
    it->is_global = ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL;
  }
}

void NameFrom(const ElfFile& file, const char* table_name, std::span<Wanted> wanted) {
  const Elf64_Shdr* table = file.Section(table_name);
  if (table == nullptr || table->sh_entsize != sizeof(Elf64_Sym)) return;
  const Elf64_Shdr* strings = file.SectionAt(table->sh_link);
  if (strings == nullptr) return;
  constexpr size_t kChunk = 1024 * sizeof(Elf64_Sym);
  for (uint64_t offset = 0; offset < table->sh_size; offset += kChunk) {
    const std::string bytes = file.Read(*table, offset, kChunk);
    for (size_t at = 0; at + sizeof(Elf64_Sym) <= bytes.size(); at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      memcpy(&symbol, bytes.data() + at, sizeof(symbol));
      Offer(symbol, wanted);
    }
    if (bytes.size() < kChunk) break;
  }
  for (Wanted& entry : wanted) {
    if (!entry.has_name || !entry.symbol->function.empty()) continue;
    entry.symbol->function = Demangled(file.Text(*strings, entry.name));
    entry.symbol->offset = entry.address - entry.begin;
  }
}

void AddLines(const ElfFile& file, std::span<Wanted> wanted) {
  std::vector<LineQuery> queries;
  for (const Wanted& entry : wanted) {
    queries.push_back({.address = entry.address, .symbol = entry.symbol});
  }
  DebugSections sections(file);
  FindLines(&sections, queries);
  FindInlined(&sections, queries);
  for (const Wanted& entry : wanted) {
    for (Symbol::Inlined& inlined : entry.symbol->inlined) {
      inlined.function = Demangled(std::move(inlined.function));
    }
  }
}

bool HasAllNames(std::span<const Wanted> wanted) {
  return std::all_of(wanted.begin(), wanted.end(),
                     [](const Wanted& entry) { return !entry.symbol->function.empty(); });
}

// The usual place of the symbols that a package has left out of its binaries.
std::string DebugFileName(const std::string& build_id) {
  if (build_id.size() < 3) return std::string();
  return "/usr/lib/debug/.build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2) + ".debug";
}

uint64_t OffsetInFile(const Mapping& mapping, const Symbol& symbol) {
  return hot::FrameAddress(symbol.address) - mapping.start + mapping.offset;
}

void Read(const Mapping& mapping, std::span<Symbol* const> symbols) {
  const ElfFile file(mapping.file);
  if (!file.valid()) return;
  // Replaced on disk since it was loaded: its names would be wrong.
  if (!mapping.build_id.empty() && file.BuildId() != mapping.build_id) return;
  std::vector<Wanted> wanted;
  for (Symbol* symbol : symbols) {
    const auto address = file.AddressOfOffset(OffsetInFile(mapping, *symbol));
    if (address) wanted.push_back({.address = *address, .symbol = symbol});
  }
  NameFrom(file, ".symtab", wanted);
  AddLines(file, wanted);
  const bool has_symbols = file.Section(".symtab") != nullptr;
  if (has_symbols && file.Section(".debug_line") != nullptr) return;
  const ElfFile debug(DebugFileName(mapping.build_id));
  if (debug.valid() && debug.BuildId() == mapping.build_id) {
    if (!has_symbols) NameFrom(debug, ".symtab", wanted);
    AddLines(debug, wanted);
  }
  if (!HasAllNames(wanted)) NameFrom(file, ".dynsym", wanted);
}

void Describe(const Mapping& mapping, std::span<Symbol> symbols, SymbolCache* cache) {
  std::vector<Symbol*> unknown;
  for (Symbol& symbol : symbols) {
    if (!cache->Find(mapping.build_id, OffsetInFile(mapping, symbol), &symbol)) {
      unknown.push_back(&symbol);
    }
  }
  if (unknown.empty()) return;
  Read(mapping, unknown);
  for (const Symbol* symbol : unknown) {
    cache->Remember(mapping.build_id, OffsetInFile(mapping, *symbol), *symbol);
  }
}

}  // namespace

std::string NameOfInlined(std::string_view function) {
  // The last parentheses; behind them there may be "const" or "[clone .isra.0]".
  size_t begin = function.rfind(')') + 1;
  for (int depth = 0; begin > 0;) {
    --begin;
    if (function[begin] == ')') ++depth;
    if (function[begin] == '(' && --depth == 0) break;
  }
  const std::string_view before = function.substr(0, begin);
  // Or they are part of a name, "operator()" or "{lambda()#1}".
  const bool are_arguments = !before.empty() && !before.ends_with("operator") &&
                             function.find('}', begin) == std::string_view::npos;
  return std::string(are_arguments ? before : function) + "(...)";
}

Symbols Symbols::Of(std::vector<uint64_t> addresses, const Mappings& mappings) {
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  SymbolCache cache;
  Symbols result;
  result.symbols_.resize(addresses.size());
  for (size_t i = 0; i < addresses.size(); ++i) result.symbols_[i].address = addresses[i];
  // Addresses in order lie in one mapping after the other.
  for (size_t i = 0; i < addresses.size();) {
    const uint64_t id = mappings.IdOf(addresses[i]);
    size_t end = i + 1;
    while (end < addresses.size() && mappings.IdOf(addresses[end]) == id) ++end;
    if (id != 0) {
      Describe(mappings.all()[id - 1], std::span(result.symbols_).subspan(i, end - i), &cache);
    }
    i = end;
  }
  return result;
}

const Symbol& Symbols::Find(uint64_t address) const {
  const auto it = std::lower_bound(
      symbols_.begin(), symbols_.end(), address,
      [](const Symbol& symbol, uint64_t wanted) { return symbol.address < wanted; });
  return it != symbols_.end() && it->address == address ? *it : unknown_;
}

}  // namespace pprofagent::service
