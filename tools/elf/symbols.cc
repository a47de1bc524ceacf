// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/symbols.h"

#include <elf.h>
#include <gelf.h>

#include <algorithm>

namespace cpprof::elf {
namespace {

// Of several functions at one address: a real function before an untyped label, then the smaller
// one (it is the more specific), as the reference's tool prefers.
bool BetterFunction(const Symbol& a, const Symbol& b) {
  if (a.address != b.address) return a.address < b.address;
  if (a.typed != b.typed) return a.typed;
  if ((a.size == 0) != (b.size == 0)) return a.size != 0;
  return a.size < b.size;
}

size_t LeadingUnderscores(std::string_view name) {
  return std::min(name.find_first_not_of('_'), name.size());
}

// Of two names for the same function, whether callers would rather say the first: fwrite, not
// _IO_fwrite and not a local alias.
bool BetterKnown(const Symbol& a, const Symbol& b) {
  if (a.typed != b.typed || a.size != b.size) return false;
  if (a.local != b.local) return b.local;
  return LeadingUnderscores(a.name) < LeadingUnderscores(b.name);
}

// Whether `local` is a name that a library has only for itself, for what it exports as `exported`:
// "___pthread_cond_wait" for "pthread_cond_wait@@GLIBC_2.3.2".
bool IsVariation(const Symbol& local, const Symbol& exported) {
  if (!local.local || !BetterKnown(exported, local)) return false;
  std::string_view name = exported.name.substr(0, exported.name.find('@'));
  name.remove_prefix(LeadingUnderscores(name));
  return local.name.find(name) != std::string_view::npos;
}

}  // namespace

SymbolTable::SymbolTable(const File& file) {
  ReadSections(file);
  ReadSymbols(file, SHT_SYMTAB, true);
  if (functions_.empty() && all_.empty()) ReadSymbols(file, SHT_DYNSYM, false);
  Sort();
}

void SymbolTable::Add(const File& other) {
  const SymbolTable more(other);
  // Sections are numbered as in the first file.
  const auto append = [&](const std::vector<Symbol>& from, std::vector<Symbol>* to) {
    for (Symbol symbol : from) {
      symbol.section = SectionOf(symbol.address);
      to->push_back(symbol);
    }
  };
  append(more.all_, &all_);
  append(more.functions_, &functions_);
  Sort();
}

void SymbolTable::Sort() {
  std::stable_sort(all_.begin(), all_.end(), [](const Symbol& a, const Symbol& b) {
    return a.address != b.address ? a.address < b.address : a.name < b.name;
  });
  std::stable_sort(functions_.begin(), functions_.end(), BetterFunction);
}

void SymbolTable::ReadSections(const File& file) {
  Elf_Scn* section = nullptr;
  section_flags_.push_back(0);  // section 0 is nothing
  while ((section = elf_nextscn(file.handle(), section)) != nullptr) {
    GElf_Shdr header;
    const bool readable = gelf_getshdr(section, &header) != nullptr;
    section_flags_.push_back(readable ? header.sh_flags : 0);
    // Thread-local sections have no address of their own.
    if (!readable || (header.sh_flags & SHF_ALLOC) == 0 || (header.sh_flags & SHF_TLS) != 0) {
      continue;
    }
    sections_.push_back({header.sh_addr, header.sh_addr + header.sh_size,
                         static_cast<uint32_t>(section_flags_.size() - 1)});
  }
  std::stable_sort(sections_.begin(), sections_.end(),
                   [](const SectionRange& a, const SectionRange& b) { return a.begin < b.begin; });
}

uint32_t SymbolTable::SectionOf(uint64_t address) const {
  auto next = std::upper_bound(
      sections_.begin(), sections_.end(), address,
      [](uint64_t value, const SectionRange& range) { return value < range.begin; });
  if (next == sections_.begin()) return 0;
  --next;
  return address < next->end ? next->index : 0;
}

void SymbolTable::ReadSymbols(const File& file, uint32_t section_type, bool into_all) {
  complete_ = into_all;
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(file.handle(), section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type != section_type) continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr) continue;
    GElf_Sym symbol;
    std::string_view source_file;
    for (int i = 1; gelf_getsym(data, i, &symbol) != nullptr; ++i) {
      const int type = GELF_ST_TYPE(symbol.st_info);
      if (symbol.st_shndx == SHN_UNDEF || type == STT_SECTION || type == STT_TLS) continue;
      const char* name = elf_strptr(file.handle(), header.sh_link, symbol.st_name);
      if (type == STT_FILE) {
        source_file = name == nullptr ? std::string_view() : name;
        continue;
      }
      if (name == nullptr || *name == '\0') continue;
      const bool local = GELF_ST_BIND(symbol.st_info) == STB_LOCAL;
      // Absolute and other special indices are no sections.
      const uint32_t index = symbol.st_shndx < section_flags_.size() ? symbol.st_shndx : 0;
      const bool code = (section_flags_[index] & SHF_EXECINSTR) != 0;
      const bool weak = GELF_ST_BIND(symbol.st_info) == STB_WEAK;
      const bool data_symbol = index != 0 && !code;
      Symbol entry{
          .address = symbol.st_value,
          .size = symbol.st_size,
          .name = name,
          .section = index,
          .file = local ? source_file : std::string_view(),
          .function = code && (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE),
          .typed = type == STT_FUNC || type == STT_GNU_IFUNC,
          .local = local,
          .exact_size = weak || data_symbol};
      if (into_all && entry.size != 0) all_.push_back(entry);
      if (entry.function) functions_.push_back(entry);
    }
  }
}

const Symbol* SymbolTable::Nearest(uint64_t address) const {
  if (all_.empty() || address < all_.front().address ||
      address >= all_.back().address + all_.back().size) {
    return nullptr;
  }
  // Which of several symbols at one address is found depends on the course of the search, so it is
  // the reference's: halving until one is left, or the address is met.
  size_t low = 0;
  size_t high = all_.size();
  while (low + 1 < high) {
    const size_t middle = (low + high) / 2;
    if (all_[middle].address == address) {
      low = middle;
      break;
    }
    (address > all_[middle].address ? low : high) = middle;
  }
  const Symbol& found = all_[low];
  if (found.exact_size && address - found.address >= found.size) return nullptr;
  return &found;
}

std::span<const Symbol> SymbolTable::FunctionsBelow(uint64_t address) const {
  const auto end =
      std::upper_bound(functions_.begin(), functions_.end(), address,
                       [](uint64_t value, const Symbol& symbol) { return value < symbol.address; });
  if (end == functions_.begin()) return {};
  auto begin = std::prev(end);
  while (begin != functions_.begin() && std::prev(begin)->address == begin->address) --begin;
  return {begin, end};
}

const Symbol* SymbolTable::NearestFunction(uint64_t address) const {
  const auto group = FunctionsBelow(address);
  if (group.empty() || group.front().section != SectionOf(address)) return nullptr;
  // Of the symbols there, one that reaches the address, or else the longest.
  const Symbol* longest = &group.front();
  for (const Symbol& symbol : group) {
    if (address - symbol.address < symbol.size) return &symbol;
    if (symbol.size > longest->size) longest = &symbol;
  }
  return longest;
}

const Symbol* SymbolTable::FunctionAt(uint64_t address, std::string_view preferred) const {
  const Symbol* best = nullptr;
  const Symbol* wanted = nullptr;
  for (const Symbol& symbol : FunctionsBelow(address)) {
    // A label without a size reaches to the next symbol, but not out of its section.
    const bool holds = symbol.size != 0 ? address - symbol.address < symbol.size
                                        : symbol.section == SectionOf(address);
    if (!holds) continue;
    if (symbol.name == preferred) wanted = &symbol;
    if (best == nullptr || BetterKnown(symbol, *best)) best = &symbol;
  }
  return wanted == nullptr || IsVariation(*wanted, *best) ? best : wanted;
}

const Symbol* SymbolTable::Find(std::string_view name) const {
  for (const auto* table : {&all_, &functions_}) {
    for (const Symbol& symbol : *table) {
      if (symbol.name == name) return &symbol;
    }
  }
  return nullptr;
}

}  // namespace cpprof::elf
