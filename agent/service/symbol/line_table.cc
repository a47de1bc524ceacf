// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/line_table.h"

#include <algorithm>
#include <string>
#include <vector>

#include "agent/service/symbol/byte_cursor.h"
#include "agent/service/symbol/debug_entry.h"
#include "agent/service/symbol/debug_sections.h"
#include "agent/service/symbol/symbols.h"

namespace pprofagent::service {
namespace {

constexpr std::string_view kSection = ".debug_line";
constexpr uint64_t kMaxUnit = uint64_t{64} << 20;
constexpr uint64_t kMaxSection = uint64_t{512} << 20;
constexpr uint64_t kMaxFiles = 100'000;

enum StandardOpcode : uint8_t {
  kExtended = 0,
  kCopy = 1,
  kAdvancePc = 2,
  kAdvanceLine = 3,
  kSetFile = 4,
  kConstAddPc = 8,
  kFixedAdvancePc = 9,
};
enum ExtendedOpcode : uint8_t { kEndSequence = 1, kSetAddress = 2 };
enum Content : uint64_t { kPath = 1, kDirectoryIndex = 2 };
// What a unit's program says about the query of the same index: the last row that
// covers it; line 0: none does.
struct Match {
  uint64_t file = 0;
  uint32_t line = 0;
};

struct UnitHeader {
  uint16_t version = 0;
  size_t offset_size = 4;
  uint8_t min_instruction = 1;
  int8_t line_base = 0;
  uint8_t line_range = 1;
  uint8_t opcode_base = 1;
  std::string_view opcode_lengths;
};

struct Row {
  uint64_t address = 0;
  uint64_t file = 1;
  int64_t line = 1;
};

// Runs a unit's program against the queries. `matches` stays empty where there is
// none, as in nearly every unit.
class Program {
 public:
  Program(const UnitHeader& header, std::span<const LineQuery> queries, std::vector<Match>* matches)
      : header_(header), queries_(queries), matches_(*matches) {}

  void Run(ByteCursor code) {
    while (!code.at_end() && code.ok()) Step(&code);
  }

 private:
  void Step(ByteCursor* code) {
    const auto opcode = code->Number<uint8_t>();
    if (opcode >= header_.opcode_base) {
      const unsigned adjusted = opcode - header_.opcode_base;
      row_.address += uint64_t{adjusted / header_.line_range} * header_.min_instruction;
      row_.line += header_.line_base + static_cast<int>(adjusted % header_.line_range);
      return Emit();
    }
    switch (opcode) {
      case kExtended:
        return StepExtended(code);
      case kCopy:
        return Emit();
      case kAdvancePc:
        row_.address += code->Uleb() * header_.min_instruction;
        return;
      case kAdvanceLine:
        row_.line += code->Sleb();
        return;
      case kSetFile:
        row_.file = code->Uleb();
        return;
      case kConstAddPc:
        row_.address +=
            uint64_t{(255u - header_.opcode_base) / header_.line_range} * header_.min_instruction;
        return;
      case kFixedAdvancePc:
        row_.address += code->Number<uint16_t>();
        return;
      default:
        for (char i = 0; i < header_.opcode_lengths[opcode - 1]; ++i) code->Uleb();
    }
  }

  void StepExtended(ByteCursor* code) {
    ByteCursor operands(code->Take(code->Uleb()));
    switch (operands.Number<uint8_t>()) {
      case kEndSequence:
        Emit();
        row_ = Row();
        has_previous_ = false;
        return;
      case kSetAddress:
        row_.address = operands.Unsigned(operands.left());
        return;
      default:
        return;
    }
  }

  // The row before is valid up to this one.
  void Emit() {
    // Code that the linker has thrown away begins at 0.
    if (has_previous_ && previous_.address != 0 && previous_.line > 0) Cover(row_.address);
    previous_ = row_;
    has_previous_ = true;
  }

  void Cover(uint64_t end) {
    if (queries_.empty() || end <= queries_.front().address ||
        previous_.address > queries_.back().address) {
      return;
    }
    auto it = std::lower_bound(
        queries_.begin(), queries_.end(), previous_.address,
        [](const LineQuery& query, uint64_t address) { return query.address < address; });
    for (; it != queries_.end() && it->address < end; ++it) {
      if (matches_.empty()) matches_.resize(queries_.size());
      matches_[static_cast<size_t>(it - queries_.begin())] = {
          .file = previous_.file, .line = static_cast<uint32_t>(previous_.line)};
    }
  }

  const UnitHeader& header_;
  std::span<const LineQuery> queries_;
  std::vector<Match>& matches_;
  Row row_;
  Row previous_;
  bool has_previous_ = false;
};

struct FileEntry {
  std::string name;
  uint64_t directory = 0;
};

class NameTable {
 public:
  NameTable(const UnitHeader& header, DebugSections* sections)
      : header_(header), sections_(*sections) {}

  void Parse(ByteCursor bytes) {
    if (header_.version >= 5) {
      for (FileEntry& entry : ParseEntries(&bytes)) directories_.push_back(std::move(entry.name));
      files_ = ParseEntries(&bytes);
      return;
    }
    directories_.emplace_back();  // the compiler's, which this section does not name
    while (bytes.ok()) {
      const std::string_view name = bytes.Text();
      if (name.empty()) break;
      directories_.emplace_back(name);
    }
    files_.emplace_back();  // counted from 1
    while (bytes.ok() && files_.size() < kMaxFiles) {
      FileEntry entry;
      entry.name = bytes.Text();
      if (entry.name.empty()) break;
      entry.directory = bytes.Uleb();
      bytes.Uleb();
      bytes.Uleb();
      files_.push_back(std::move(entry));
    }
  }

  uint64_t size() const { return files_.size(); }

  std::string PathOf(uint64_t index) const {
    if (index >= files_.size()) return std::string();
    const FileEntry& entry = files_[index];
    if (entry.name.starts_with('/') || entry.directory >= directories_.size()) return entry.name;
    std::string directory = directories_[entry.directory];
    if (!directory.starts_with('/') && !directories_.front().empty()) {
      directory = directories_.front() + "/" + directory;
    }
    return directory.empty() ? entry.name : directory + "/" + entry.name;
  }

 private:
  struct Field {
    uint64_t content;
    uint64_t form;
  };

  std::vector<FileEntry> ParseEntries(ByteCursor* bytes) {
    std::vector<Field> format(bytes->Number<uint8_t>());
    for (Field& field : format) field = {bytes->Uleb(), bytes->Uleb()};
    const uint64_t count = bytes->Uleb();
    std::vector<FileEntry> entries;
    while (bytes->ok() && entries.size() < std::min(count, kMaxFiles)) {
      FileEntry entry;
      for (const Field& field : format) ParseField(field, bytes, &entry);
      if (bytes->ok()) entries.push_back(std::move(entry));
      if (format.empty()) break;
    }
    return entries;
  }

  void ParseField(const Field& field, ByteCursor* bytes, FileEntry* entry) {
    const DebugUnitFormat format = {.version = header_.version,
                                    .offset_size = static_cast<uint8_t>(header_.offset_size),
                                    .address_size = 8};
    DebugValue value;
    // A form nobody knows has no known length.
    if (!ReadDebugValue(field.form, 0, format, bytes, &value)) bytes->Take(UINT64_MAX);
    if (field.content == kDirectoryIndex) entry->directory = value.number;
    if (field.content == kPath) entry->name = sections_.TextOf(value);
  }

  const UnitHeader& header_;
  DebugSections& sections_;
  std::vector<std::string> directories_;
  std::vector<FileEntry> files_;
};

// One unit of .debug_line.
struct Unit {
  UnitHeader header;
  std::string bytes;  // all behind its length
  std::string_view names;
  std::string_view code;
};

bool ParseHeader(size_t offset_size, Unit* unit) {
  ByteCursor bytes(unit->bytes);
  UnitHeader& header = unit->header;
  header.offset_size = offset_size;
  header.version = bytes.Number<uint16_t>();
  if (header.version < 2 || header.version > 5) return false;
  if (header.version >= 5) bytes.Take(2);  // size of addresses and of segments
  const uint64_t header_length = bytes.Unsigned(offset_size);
  if (header_length > bytes.left()) return false;
  const std::string_view rest =
      std::string_view(unit->bytes).substr(unit->bytes.size() - bytes.left());
  unit->code = rest.substr(header_length);
  header.min_instruction = bytes.Number<uint8_t>();
  if (header.version >= 4) bytes.Take(1);  // operations per instruction
  bytes.Take(1);                           // default_is_stmt
  header.line_base = bytes.Number<int8_t>();
  header.line_range = bytes.Number<uint8_t>();
  header.opcode_base = bytes.Number<uint8_t>();
  if (header.line_range == 0 || header.opcode_base == 0) return false;
  header.opcode_lengths = bytes.Take(header.opcode_base - 1u);
  unit->names = bytes.Take(bytes.left());
  return bytes.ok();
}

// The unit at `offset`, which becomes that of the next one, or the section's size where no
// further one can be found. False: it is not read.
bool ReadUnit(DebugSections* sections, uint64_t section_size, uint64_t* offset, Unit* unit) {
  constexpr uint64_t kLongest = 12;
  const std::string head = sections->Bytes(kSection, *offset, kLongest);
  ByteCursor bytes(head);
  uint64_t length = bytes.Number<uint32_t>();
  size_t offset_size = 4;
  if (length == UINT32_MAX) {
    length = bytes.Number<uint64_t>();
    offset_size = 8;
  }
  const uint64_t begin = *offset + head.size() - bytes.left();
  *offset = section_size;
  if (!bytes.ok() || begin > section_size || length > section_size - begin) return false;
  *offset = begin + length;
  if (length > kMaxUnit) return false;
  unit->bytes = sections->Bytes(kSection, begin, length);
  return ParseHeader(offset_size, unit);
}

void RunUnit(const Unit& unit, std::span<const LineQuery> queries, DebugSections* sections) {
  std::vector<Match> matches;
  Program(unit.header, queries, &matches).Run(ByteCursor(unit.code));
  if (matches.empty()) return;
  NameTable names(unit.header, sections);
  names.Parse(ByteCursor(unit.names));
  for (size_t i = 0; i < matches.size(); ++i) {
    if (matches[i].line == 0) continue;
    std::string path = names.PathOf(matches[i].file);
    if (path.empty()) continue;
    queries[i].symbol->file = std::move(path);
    queries[i].symbol->line = matches[i].line;
  }
}

}  // namespace

void FindLines(DebugSections* sections, std::span<const LineQuery> queries) {
  if (queries.empty()) return;
  const uint64_t size = std::min(sections->Size(kSection), kMaxSection);
  for (uint64_t offset = 0; offset < size;) {
    Unit unit;
    if (ReadUnit(sections, size, &offset, &unit)) RunUnit(unit, queries, sections);
  }
}

std::vector<std::string> FilesOfUnit(DebugSections* sections, uint64_t offset) {
  std::vector<std::string> files;
  Unit unit;
  if (!ReadUnit(sections, sections->Size(kSection), &offset, &unit)) return files;
  NameTable names(unit.header, sections);
  names.Parse(ByteCursor(unit.names));
  for (uint64_t i = 0; i < names.size(); ++i) files.push_back(names.PathOf(i));
  return files;
}

}  // namespace pprofagent::service
