// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/inline_table.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/service/symbol/byte_cursor.h"
#include "agent/service/symbol/debug_entry.h"
#include "agent/service/symbol/symbols.h"

namespace pprofagent::service {
namespace {

constexpr std::string_view kInfo = ".debug_info";
constexpr std::string_view kAbbreviations = ".debug_abbrev";
constexpr uint64_t kMostOfUnit = uint64_t{16} << 20;
constexpr uint64_t kMostRead = uint64_t{256} << 20;
constexpr size_t kMostUnits = 1'000'000;
constexpr size_t kLongestChain = 64;

struct Range {
  uint64_t begin;
  uint64_t end;
};

struct Entry {
  DebugTag tag = DebugTag::kNone;
  DebugValue sibling;
  DebugValue name;
  DebugValue linkage_name;
  DebugValue low_pc;
  DebugValue high_pc;
  DebugValue ranges;
  DebugValue origin;  // or what it specifies
  DebugValue stmt_list;
  DebugValue str_offsets_base;
  DebugValue addr_base;
  DebugValue rnglists_base;
  uint64_t call_file = 0;
  uint64_t call_line = 0;
};

struct Unit {
  uint64_t offset = 0;
  uint64_t size = 0;         // with the header
  uint64_t header_size = 0;  // where the first entry is
  DebugUnitFormat format;
  uint64_t abbreviations_at = 0;
  std::optional<Abbreviations> abbreviations;
  std::string bytes;  // from its beginning
  Entry root;
  uint64_t base = 0;  // of range lists
};

struct Inlined {
  DebugValue origin;
  uint64_t call_file;
  uint64_t call_line;
};

void Assign(DebugAttribute attribute, const DebugValue& value, Entry* entry) {
  switch (attribute) {
    case DebugAttribute::kSibling:
      entry->sibling = value;
      break;
    case DebugAttribute::kName:
      entry->name = value;
      break;
    case DebugAttribute::kLinkageName:
      entry->linkage_name = value;
      break;
    case DebugAttribute::kLowPc:
      entry->low_pc = value;
      break;
    case DebugAttribute::kHighPc:
      entry->high_pc = value;
      break;
    case DebugAttribute::kRanges:
      entry->ranges = value;
      break;
    case DebugAttribute::kAbstractOrigin:
    case DebugAttribute::kSpecification:
      entry->origin = value;
      break;
    case DebugAttribute::kStmtList:
      entry->stmt_list = value;
      break;
    case DebugAttribute::kStrOffsetsBase:
      entry->str_offsets_base = value;
      break;
    case DebugAttribute::kAddrBase:
      entry->addr_base = value;
      break;
    case DebugAttribute::kRnglistsBase:
      entry->rnglists_base = value;
      break;
    case DebugAttribute::kCallFile:
      entry->call_file = value.number;
      break;
    case DebugAttribute::kCallLine:
      entry->call_line = value.number;
      break;
  }
}

// False: the end of a list of children, or nothing that can be read.
bool ReadEntry(const Unit& unit, ByteCursor* bytes, Entry* entry) {
  const uint64_t code = bytes->Uleb();
  if (code == 0) return false;
  const Abbreviations::Abbreviation* abbreviation = unit.abbreviations->Find(code);
  if (abbreviation == nullptr) {
    bytes->Take(UINT64_MAX);
    return false;
  }
  entry->tag = abbreviation->tag;
  for (const Abbreviations::Field& field : abbreviation->fields) {
    DebugValue value;
    if (!ReadDebugValue(field.form, field.implicit, unit.format, bytes, &value)) {
      bytes->Take(UINT64_MAX);
      return false;
    }
    Assign(field.attribute, value, entry);
  }
  return true;
}

class InlineFinder {
 public:
  InlineFinder(DebugSections* sections, std::span<const LineQuery> queries)
      : sections_(*sections), queries_(queries), chains_(queries.size()) {}

  void Run() {
    const uint64_t size = sections_.Size(kInfo);
    for (uint64_t offset = 0; offset < size && places_.size() < kMostUnits;) {
      Unit unit;
      if (!ReadHeader(offset, size, &unit)) break;
      places_.emplace_back(offset, unit.size);
      offset += unit.size;
      if (ReadRoot(&unit) && Covers(unit, unit.root)) wanted_.push_back(unit.offset);
    }
    for (const uint64_t offset : wanted_) {
      if (Unit* unit = Load(offset)) Walk(*unit);
      units_.clear();
    }
  }

 private:
  // --- Units ---------------------------------------------------------------------

  bool ReadHeader(uint64_t offset, uint64_t section_size, Unit* unit) {
    constexpr uint64_t kLongestHeader = 64;
    const std::string head = sections_.Bytes(kInfo, offset, kLongestHeader);
    ByteCursor bytes(head);
    uint64_t length = bytes.Number<uint32_t>();
    if (length == UINT32_MAX) {
      length = bytes.Number<uint64_t>();
      unit->format.offset_size = 8;
    }
    const uint64_t length_size = head.size() - bytes.left();
    if (!bytes.ok() || length == 0 || length > section_size - offset - length_size) return false;
    unit->offset = offset;
    unit->size = length_size + length;
    unit->format.version = bytes.Number<uint16_t>();
    if (unit->format.version >= 5) {
      constexpr uint8_t kType = 2;
      constexpr uint8_t kSkeleton = 4;
      constexpr uint8_t kSplitType = 6;
      const auto kind = bytes.Number<uint8_t>();
      unit->format.address_size = bytes.Number<uint8_t>();
      unit->abbreviations_at = bytes.Unsigned(unit->format.offset_size);
      if (kind >= kSkeleton) bytes.Take(8);
      if (kind == kType || kind == kSplitType) {
        if (kind == kType) bytes.Take(8);
        bytes.Take(unit->format.offset_size);
      }
    } else {
      unit->abbreviations_at = bytes.Unsigned(unit->format.offset_size);
      unit->format.address_size = bytes.Number<uint8_t>();
    }
    unit->header_size = head.size() - bytes.left();
    return bytes.ok();
  }

  static bool IsUnderstood(const Unit& unit) {
    return unit.format.version >= 4 && unit.format.version <= 5 && unit.format.address_size == 8 &&
           unit.header_size < unit.size;
  }

  // The first entry, from the first bytes.
  bool ReadRoot(Unit* unit) {
    constexpr uint64_t kUsualRoot = 1024;
    constexpr uint64_t kUsualAbbreviation = 512;
    if (!IsUnderstood(*unit)) return false;
    unit->bytes = sections_.Bytes(kInfo, unit->offset, std::min(unit->size, kUsualRoot));
    // It has the first abbreviation, nearly always.
    unit->abbreviations.emplace(
        sections_.Bytes(kAbbreviations, unit->abbreviations_at, kUsualAbbreviation), 1);
    if (ReadRootEntry(unit)) return true;
    return ReadAbbreviations(unit) && ReadRootEntry(unit);
  }

  bool ReadRootEntry(Unit* unit) {
    if (unit->header_size > unit->bytes.size()) return false;
    ByteCursor bytes(std::string_view(unit->bytes).substr(unit->header_size));
    unit->root = {};
    if (!ReadEntry(*unit, &bytes, &unit->root)) return false;
    unit->base = AddressOf(*unit, unit->root.low_pc).value_or(0);
    return true;
  }

  // Whether so many bytes more may be read: tables that refer to the same bytes again and again
  // must not keep us for ever.
  bool Spend(uint64_t bytes) {
    if (read_ + bytes > kMostRead) return false;
    read_ += bytes;
    return true;
  }

  bool ReadAbbreviations(Unit* unit) {
    constexpr uint64_t kLargest = uint64_t{4} << 20;
    for (uint64_t size = uint64_t{16} << 10; size <= kLargest; size *= 4) {
      if (!Spend(size)) return false;
      unit->abbreviations.emplace(sections_.Bytes(kAbbreviations, unit->abbreviations_at, size));
      if (unit->abbreviations->complete()) return true;
    }
    return false;
  }

  // The whole unit at this place; null: it is too large, or one too many.
  Unit* Load(uint64_t offset) {
    const auto known = units_.find(offset);
    if (known != units_.end()) return known->second.get();
    auto unit = std::make_unique<Unit>();
    if (!ReadHeader(offset, sections_.Size(kInfo), unit.get()) || !IsUnderstood(*unit) ||
        unit->size > kMostOfUnit || !Spend(unit->size) || !ReadAbbreviations(unit.get())) {
      return nullptr;
    }
    unit->bytes = sections_.Bytes(kInfo, offset, unit->size);
    if (!ReadRootEntry(unit.get())) return nullptr;
    return units_.emplace(offset, std::move(unit)).first->second.get();
  }

  // The unit that has the entry at this offset of .debug_info.
  Unit* LoadUnitWith(uint64_t entry) {
    auto after = std::upper_bound(places_.begin(), places_.end(), entry,
                                  [](uint64_t wanted, const std::pair<uint64_t, uint64_t>& place) {
                                    return wanted < place.first;
                                  });
    if (after == places_.begin()) return nullptr;
    --after;
    return entry - after->first < after->second ? Load(after->first) : nullptr;
  }

  // --- Addresses -----------------------------------------------------------------

  std::optional<uint64_t> AddressAt(const Unit& unit, uint64_t index) {
    const std::string bytes =
        sections_.Bytes(".debug_addr", unit.root.addr_base.number + index * 8, 8);
    ByteCursor in(bytes);
    const auto address = in.Number<uint64_t>();
    if (!in.ok()) return std::nullopt;
    return address;
  }

  std::optional<uint64_t> AddressOf(const Unit& unit, const DebugValue& value) {
    if (value.kind == DebugValue::kAddress) return value.number;
    if (value.kind == DebugValue::kAddressIndex) return AddressAt(unit, value.number);
    return std::nullopt;
  }

  std::vector<Range> RangesOf(const Unit& unit, const Entry& entry) {
    if (entry.ranges.kind != DebugValue::kNone) return RangeList(unit, entry.ranges);
    const std::optional<uint64_t> low = AddressOf(unit, entry.low_pc);
    if (!low || *low == 0) return {};
    if (entry.high_pc.kind == DebugValue::kNumber) return {{*low, *low + entry.high_pc.number}};
    const std::optional<uint64_t> high = AddressOf(unit, entry.high_pc);
    if (!high) return {};
    return {{*low, *high}};
  }

  std::vector<Range> RangeList(const Unit& unit, const DebugValue& where) {
    const std::string_view section = unit.format.version >= 5 ? ".debug_rnglists" : ".debug_ranges";
    uint64_t offset = where.number;
    if (where.kind == DebugValue::kRangesIndex) {
      const uint64_t base = unit.root.rnglists_base.number;
      const size_t size = unit.format.offset_size;
      const std::string bytes = sections_.Bytes(section, base + where.number * size, size);
      ByteCursor in(bytes);
      offset = base + in.Unsigned(size);
      if (!in.ok()) return {};
    }
    std::vector<Range> ranges;
    constexpr uint64_t kLargest = uint64_t{1} << 20;
    for (uint64_t size = 1024; size <= kLargest; size *= 32) {
      ranges.clear();
      if (!Spend(size)) break;
      const std::string bytes = sections_.Bytes(section, offset, size);
      ByteCursor in(bytes);
      const bool whole = unit.format.version >= 5 ? ReadRangeList5(unit, &in, &ranges)
                                                  : ReadRangeList4(unit, &in, &ranges);
      if (whole || bytes.size() < size) break;
    }
    return ranges;
  }

  // Both: true at the end of the list.
  static bool ReadRangeList4(const Unit& unit, ByteCursor* in, std::vector<Range>* ranges) {
    uint64_t base = unit.base;
    while (in->ok()) {
      const auto begin = in->Number<uint64_t>();
      const auto end = in->Number<uint64_t>();
      if (!in->ok()) return false;
      if (begin == 0 && end == 0) return true;
      if (begin == UINT64_MAX) {
        base = end;
      } else {
        ranges->push_back({base + begin, base + end});
      }
    }
    return false;
  }

  bool ReadRangeList5(const Unit& unit, ByteCursor* in, std::vector<Range>* ranges) {
    enum Kind : uint8_t {
      kEnd,
      kBaseAddressx,
      kStartxEndx,
      kStartxLength,
      kOffsetPair,
      kBaseAddress,
      kStartEnd,
      kStartLength,
    };
    uint64_t base = unit.base;
    while (in->ok()) {
      uint64_t begin = 0;
      uint64_t end = 0;
      switch (in->Number<uint8_t>()) {
        case kEnd:
          return in->ok();
        case kBaseAddressx:
          base = AddressAt(unit, in->Uleb()).value_or(0);
          continue;
        case kBaseAddress:
          base = in->Number<uint64_t>();
          continue;
        case kStartxEndx:
          begin = AddressAt(unit, in->Uleb()).value_or(0);
          end = AddressAt(unit, in->Uleb()).value_or(0);
          break;
        case kStartxLength:
          begin = AddressAt(unit, in->Uleb()).value_or(0);
          end = begin + in->Uleb();
          break;
        case kOffsetPair:
          begin = base + in->Uleb();
          end = base + in->Uleb();
          break;
        case kStartEnd:
          begin = in->Number<uint64_t>();
          end = in->Number<uint64_t>();
          break;
        case kStartLength:
          begin = in->Number<uint64_t>();
          end = begin + in->Uleb();
          break;
        default:
          return true;  // nothing more can be understood
      }
      if (in->ok()) ranges->push_back({begin, end});
    }
    return false;
  }

  // Calls visit(index) for each query in the entry's ranges; whether there is one.
  template <typename Visit>
  bool ForEachCovered(const Unit& unit, const Entry& entry, const Visit& visit) {
    bool any = false;
    for (const Range& range : RangesOf(unit, entry)) {
      auto it = std::lower_bound(
          queries_.begin(), queries_.end(), range.begin,
          [](const LineQuery& query, uint64_t address) { return query.address < address; });
      for (; it != queries_.end() && it->address < range.end; ++it) {
        visit(static_cast<size_t>(it - queries_.begin()));
        any = true;
      }
    }
    return any;
  }

  bool Covers(const Unit& unit, const Entry& entry) {
    return ForEachCovered(unit, entry, [](size_t) {});
  }

  // --- Entries -------------------------------------------------------------------

  void Walk(const Unit& unit) {
    covered_.clear();
    ByteCursor in(std::string_view(unit.bytes).substr(unit.header_size));
    // Entries come with the outer ones first.
    while (in.ok() && !in.at_end()) {
      Entry entry;
      if (ReadEntry(unit, &in, &entry) && !Visit(unit, entry)) Skip(unit, entry, &in);
    }
    std::sort(covered_.begin(), covered_.end());
    covered_.erase(std::unique(covered_.begin(), covered_.end()), covered_.end());
    if (covered_.empty()) return;
    std::vector<std::string> files;
    if (unit.root.stmt_list.kind != DebugValue::kNone) {
      files = FilesOfUnit(&sections_, unit.root.stmt_list.number);
    }
    for (const size_t i : covered_) Unfold(unit, files, i);
  }

  // Whether what is inside of it is of interest.
  bool Visit(const Unit& unit, const Entry& entry) {
    switch (entry.tag) {
      case DebugTag::kCompileUnit:
      case DebugTag::kPartialUnit:
      case DebugTag::kNamespace:
        return true;
      case DebugTag::kLexicalBlock:
        if (entry.ranges.kind == DebugValue::kNone && entry.low_pc.kind == DebugValue::kNone) {
          return true;
        }
        return Covers(unit, entry);
      case DebugTag::kSubprogram:
        return Covers(unit, entry);
      case DebugTag::kInlinedSubroutine:
        return ForEachCovered(unit, entry, [&](size_t i) {
          if (chains_[i].size() == kLongestChain) return;
          chains_[i].push_back({entry.origin, entry.call_file, entry.call_line});
          covered_.push_back(i);
        });
      default:
        return false;
    }
  }

  // Past what is inside, if the entry tells where that ends. Otherwise it is looked
  // at, and nothing is found in it.
  static void Skip(const Unit& unit, const Entry& entry, ByteCursor* in) {
    const uint64_t at = unit.bytes.size() - in->left();
    if (entry.sibling.kind != DebugValue::kUnitReference || entry.sibling.number <= at) return;
    in->Take(entry.sibling.number - at);
  }

  // --- Names ---------------------------------------------------------------------

  std::string TextOf(const Unit& unit, const DebugValue& value) {
    if (value.kind != DebugValue::kTextIndex) return sections_.TextOf(value);
    const size_t size = unit.format.offset_size;
    const std::string bytes = sections_.Bytes(
        ".debug_str_offsets", unit.root.str_offsets_base.number + value.number * size, size);
    ByteCursor in(bytes);
    const uint64_t offset = in.Unsigned(size);
    return in.ok() ? sections_.Text(".debug_str", offset) : std::string();
  }

  // Of a function, as the linker knows it if it does; empty: it has none, or it is kept elsewhere.
  std::string NameOf(const Unit* unit, DebugValue reference) {
    constexpr int kMostHops = 8;
    std::string plain;
    for (int hop = 0; hop < kMostHops; ++hop) {
      if (reference.kind == DebugValue::kSectionReference) {
        unit = LoadUnitWith(reference.number);
        if (unit == nullptr) break;
        reference.number -= unit->offset;
      } else if (reference.kind != DebugValue::kUnitReference) {
        break;
      }
      if (reference.number < unit->header_size || reference.number >= unit->bytes.size()) break;
      ByteCursor in(std::string_view(unit->bytes).substr(reference.number));
      Entry entry;
      if (!ReadEntry(*unit, &in, &entry)) break;
      std::string linkage = TextOf(*unit, entry.linkage_name);
      if (!linkage.empty()) return linkage;
      if (plain.empty()) plain = TextOf(*unit, entry.name);
      reference = entry.origin;
    }
    return plain;
  }

  // A symbol has been taken for the place of the innermost function.
  void Unfold(const Unit& unit, const std::vector<std::string>& files, size_t index) {
    Symbol& symbol = *queries_[index].symbol;
    const std::vector<Inlined>& chain = chains_[index];
    if (symbol.line == 0 || !symbol.inlined.empty()) return;
    std::vector<Symbol::Inlined> inlined;
    std::string file = symbol.file;
    uint32_t line = symbol.line;
    for (auto call = chain.rbegin(); call != chain.rend(); ++call) {
      std::string name = NameOf(&unit, call->origin);
      if (name.empty() || call->call_file >= files.size()) return;
      inlined.push_back({.function = std::move(name), .file = std::move(file), .line = line});
      file = files[call->call_file];
      line = static_cast<uint32_t>(call->call_line);
    }
    symbol.inlined = std::move(inlined);
    symbol.file = std::move(file);
    symbol.line = line;
  }

  DebugSections& sections_;
  const std::span<const LineQuery> queries_;
  std::vector<std::vector<Inlined>> chains_;           // outermost first
  std::vector<size_t> covered_;                        // of the unit at hand
  std::vector<std::pair<uint64_t, uint64_t>> places_;  // offset and size of all units
  std::vector<uint64_t> wanted_;
  std::map<uint64_t, std::unique_ptr<Unit>> units_;
  uint64_t read_ = 0;
};

}  // namespace

void FindInlined(DebugSections* sections, std::span<const LineQuery> queries) {
  if (!queries.empty()) InlineFinder(sections, queries).Run();
}

}  // namespace pprofagent::service
