// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/memory_map.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/base/strings.h"
#include "tools/profile/legacy/pattern.h"

namespace cpprof::profile::legacy {
namespace {

// START-END PERMISSIONS, the beginning of both forms.
constexpr char kRange[] =
    R"(^\s*(?:0x)?([[:xdigit:]]+)[\s-]?\s*(?:0x)?([[:xdigit:]]+):?(?:\s+([-rwxp]+))?)";

const Pattern& ProcLine() {
  static const Pattern pattern(
      std::string(kRange) +
      R"((?:\s+([[:xdigit:]]+))?\s+[[:xdigit:]]+:[[:xdigit:]]+\s+[[:digit:]]+(?:\s+(\S+))?)");
  return pattern;
}

const Pattern& BriefLine() {
  static const Pattern pattern(
      std::string(kRange) + R"((?:\s+(\S+))?(?:\s+\(@([[:xdigit:]]+)\))?(?:\s+([[:xdigit:]]+))?)");
  return pattern;
}

const Pattern& LogPrefix() {
  static const Pattern pattern(R"(^[^\[\]]+:[0-9]+]\s)");
  return pattern;
}

const Pattern& SharedObject() {
  static const Pattern pattern(R"([.]so$|[.]so[._][0-9]+)");
  return pattern;
}

// $name -> value, in the order of definition; the first definition of a name stays.
using Substitutions = std::vector<std::pair<std::string, std::string>>;

std::string Substitute(std::string_view line, const Substitutions& substitutions) {
  std::string out;
  for (size_t at = 0; at < line.size();) {
    const std::pair<std::string, std::string>* used = nullptr;
    for (const auto& candidate : substitutions) {
      if (line.substr(at).starts_with(candidate.first)) {
        used = &candidate;
        break;
      }
    }
    if (used == nullptr) {
      out += line[at++];
    } else {
      out += used->second;
      at += used->first.size();
    }
  }
  return out;
}

struct Entry {
  Mapping mapping;
  bool executable = true;
};

// Nothing when the line is no mapping.
std::optional<Entry> ParseEntry(std::string_view line, Profile* profile) {
  std::string_view permissions, file, offset, build_id;
  auto fields = ProcLine().Find(line);
  if (fields) {
    permissions = (*fields)[3];
    offset = (*fields)[4];
    file = (*fields)[5];
  } else {
    fields = BriefLine().Find(line);
    if (!fields) return std::nullopt;
    permissions = (*fields)[3];
    file = (*fields)[4];
    offset = (*fields)[5];
    build_id = (*fields)[6];
  }
  Entry entry;
  if (!permissions.empty() && permissions.find('x') == std::string_view::npos) {
    entry.executable = false;
    return entry;
  }
  const auto start = ParseUint((*fields)[1], 16);
  const auto limit = ParseUint((*fields)[2], 16);
  const auto at = offset.empty() ? std::optional<uint64_t>(0) : ParseUint(offset, 16);
  if (!start || !limit || !at) return std::nullopt;
  entry.mapping.start = *start;
  entry.mapping.limit = *limit;
  entry.mapping.offset = *at;
  entry.mapping.file = profile->Intern(file);
  entry.mapping.build_id = profile->Intern(build_id);
  return entry;
}

// Whether b is the continuation of a: one file mapped in two pieces.
bool Adjacent(const Mapping& a, const Mapping& b) {
  if (a.file != 0 && b.file != 0 && a.file != b.file) return false;
  if (a.build_id != 0 && b.build_id != 0 && a.build_id != b.build_id) return false;
  if (a.limit != b.start) return false;
  return a.offset == 0 || b.offset == 0 || a.offset + (a.limit - a.start) == b.offset;
}

void JoinAdjacent(std::vector<Mapping>* mappings) {
  std::vector<Mapping> joined;
  for (const Mapping& mapping : *mappings) {
    if (joined.empty() || !Adjacent(joined.back(), mapping)) {
      joined.push_back(mapping);
      continue;
    }
    Mapping& last = joined.back();
    last.limit = mapping.limit;
    if (mapping.file != 0) last.file = mapping.file;
    if (mapping.build_id != 0) last.build_id = mapping.build_id;
  }
  *mappings = std::move(joined);
}

// The main program is the first file that does not look like a library.
void PutMainProgramFirst(Profile* profile) {
  for (Mapping& mapping : profile->mappings) {
    const std::string name = ReplaceAll(profile->Text(mapping.file), "(deleted)", "");
    const std::string_view file = TrimSpace(name);
    if (file.empty() || file[0] == '[' || SharedObject().Matches(file)) continue;
    std::swap(profile->mappings.front(), mapping);
    return;
  }
}

// Removes the locations of no sample, and numbers the others in the order of their first use.
void KeepUsedLocations(Profile* profile) {
  std::vector<LocationIndex> moved(profile->locations.size(), kNone);
  std::vector<Location> used;
  for (size_t row = 0; row < profile->samples.size(); ++row) {
    for (LocationIndex& index : profile->samples.Stack(row)) {
      LocationIndex& target = moved[index];
      if (target == kNone) {
        target = static_cast<LocationIndex>(used.size());
        used.push_back(profile->locations[index]);
        used.back().id = used.size();
      }
      index = target;
    }
  }
  profile->locations = std::move(used);
  profile->last_location_id = profile->locations.size();
}

// Handlers that see a remapped main program (huge pages) describe it wrongly.
void RepairMainProgram(Profile* profile) {
  static constexpr uint64_t kUsualStart = 0x400000;
  auto& mappings = profile->mappings;
  if (mappings.size() > 1 && profile->Text(mappings[0].file).starts_with("/anon_hugepage") &&
      mappings[0].limit == mappings[1].start) {
    mappings.erase(mappings.begin());
  }
  if (!mappings.empty() && mappings[0].start - mappings[0].offset == kUsualStart) {
    mappings[0].start = kUsualStart;
    mappings[0].offset = 0;
  }
}

MappingIndex FindMapping(Profile* profile, uint64_t address) {
  auto& mappings = profile->mappings;
  for (MappingIndex i = 0; i < mappings.size(); ++i) {
    if (mappings[i].start <= address && address < mappings[i].limit) return i;
  }
  // Some handlers leave out the first piece of a file that is mapped in pieces.
  for (MappingIndex i = 0; i < mappings.size(); ++i) {
    Mapping& mapping = mappings[i];
    if (mapping.offset != 0 && mapping.start - mapping.offset <= address &&
        address < mapping.start) {
      mapping.start -= mapping.offset;
      mapping.offset = 0;
      return i;
    }
  }
  return kNone;
}

}  // namespace

bool IsMemoryMapHeadline(std::string_view line) {
  return line.find("--- Memory map: ---") != std::string_view::npos ||
         line.find("MAPPED_LIBRARIES:") != std::string_view::npos;
}

Status ParseFromHeadline(LineReader* lines, Profile* profile) {
  while (!IsMemoryMapHeadline(lines->line()) && lines->Next()) {
  }
  if (!lines->status().ok()) return lines->status();
  return ParseMemoryMap(lines, profile);
}

Status ParseMemoryMap(LineReader* lines, Profile* profile) {
  Substitutions substitutions;
  while (lines->Next()) {
    std::string_view text = lines->line();
    if (const auto prefix = LogPrefix().Find(text)) text.remove_prefix((*prefix)[0].size());
    const std::string line = Substitute(text, substitutions);
    if (const auto entry = ParseEntry(line, profile)) {
      if (entry->executable) profile->mappings.push_back(entry->mapping);
    } else if (const size_t equals = line.find('='); equals != std::string::npos) {
      const std::string_view all(line);
      substitutions.emplace_back("$" + std::string(TrimSpace(all.substr(0, equals))),
                                 TrimSpace(all.substr(equals + 1)));
    }
  }
  if (!lines->status().ok()) return lines->status();
  JoinAdjacent(&profile->mappings);
  PutMainProgramFirst(profile);
  AssignMappings(profile);
  return Status::Ok();
}

void AssignMappings(Profile* profile) {
  KeepUsedLocations(profile);
  RepairMainProgram(profile);
  MappingIndex made_up = kNone;
  for (Location& location : profile->locations) {
    if (location.mapping != kNone || location.address == 0) continue;
    location.mapping = FindMapping(profile, location.address);
    if (location.mapping != kNone) continue;
    if (made_up == kNone) {
      Mapping everything;
      everything.limit = ~uint64_t{0};
      made_up = profile->AddMapping(everything);
    }
    location.mapping = made_up;
  }
  profile->last_mapping_id = 0;
  for (Mapping& mapping : profile->mappings) mapping.id = ++profile->last_mapping_id;
}

}  // namespace cpprof::profile::legacy
