// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/dwarf_reader.h"

#include <dwarf.h>
#include <elfutils/libdwelf.h>

#include <algorithm>

#include "tools/base/strings.h"
#include "tools/symbolize/dwarf_unit.h"

namespace cpprof::symbolize {
namespace {

// What libdw may have decoded before it is closed and opened again.
constexpr size_t kDecodedBudget = size_t{64} << 20;

// Partial units have what several units share: types, no code.
bool MayHaveCode(int tag) { return tag == DW_TAG_compile_unit || tag == DW_TAG_skeleton_unit; }

// The entry that has the functions: in split DWARF it lies in another file, and *found says whether
// that is there.
Dwarf_Die EntriesOf(Dwarf_Die unit, bool* found) {
  uint8_t type = 0;
  Dwarf_Die split;
  if (dwarf_cu_info(unit.cu, nullptr, &type, nullptr, &split, nullptr, nullptr, nullptr) == 0 &&
      type == DW_UT_skeleton) {
    if (split.addr != nullptr) return split;
    *found = false;
  }
  return unit;
}

}  // namespace

bool DwarfReader::Open() {
  dwarf_.reset(dwarf_begin_elf(file_.handle(), DWARF_C_READ, nullptr));
  if (!dwarf_) return false;
  AttachShared();
  return true;
}

void DwarfReader::AttachShared() {
  const char* name = nullptr;
  const void* id = nullptr;
  const ssize_t size = dwelf_dwarf_gnu_debugaltlink(dwarf_.get(), &name, &id);
  if (size <= 0 || dwarf_getalt(dwarf_.get()) != nullptr) return;
  if (!shared_ && find_shared_) {
    std::string build_id;
    for (ssize_t i = 0; i < size; ++i) {
      AppendFormat(&build_id, "%02x", static_cast<const unsigned char*>(id)[i]);
    }
    const std::string path = find_shared_(build_id);
    auto file = elf::File::Open(path);
    if (!path.empty() && file.ok() && (*file)->build_id() == build_id) {
      shared_file_ = std::move(*file);
      shared_.reset(dwarf_begin_elf(shared_file_->handle(), DWARF_C_READ, nullptr));
    }
  }
  if (shared_) {
    dwarf_setalt(dwarf_.get(), shared_.get());
  } else {
    complete_ = false;
  }
}

std::vector<DwarfReader::UnitRange> DwarfReader::ReadUnitRanges() {
  std::vector<UnitRange> ranges;
  Dwarf_CU* unit = nullptr;
  Dwarf_Die entry;
  while (dwarf_get_units(dwarf_.get(), unit, &unit, nullptr, nullptr, &entry, nullptr) == 0) {
    if (!MayHaveCode(dwarf_tag(&entry))) continue;
    const uint64_t at = dwarf_dieoffset(&entry);
    ptrdiff_t offset = 0;
    Dwarf_Addr base = 0;
    Dwarf_Addr begin = 0;
    Dwarf_Addr end = 0;
    while ((offset = dwarf_ranges(&entry, offset, &base, &begin, &end)) > 0) {
      if (begin < end) ranges.push_back({begin, end, at});
    }
  }
  std::sort(ranges.begin(), ranges.end(), [](const UnitRange& a, const UnitRange& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.unit < b.unit;
  });
  return ranges;
}

std::vector<DwarfReader::Placed> DwarfReader::PlaceInUnits(std::span<const uint64_t> addresses) {
  const std::vector<UnitRange> ranges = ReadUnitRanges();
  std::vector<Placed> placed;
  // Both are sorted, so one sweep will do.
  size_t range = 0;
  for (size_t i = 0; i < addresses.size(); ++i) {
    while (range < ranges.size() && ranges[range].end <= addresses[i]) ++range;
    if (range < ranges.size() && ranges[range].begin <= addresses[i]) {
      placed.push_back({ranges[range].unit, i});
      continue;
    }
    // Units that do not say what they cover may be in the table of all address ranges.
    Dwarf_Die unit;
    if (dwarf_addrdie(dwarf_.get(), addresses[i], &unit) != nullptr) {
      placed.push_back({dwarf_dieoffset(&unit), i});
    }
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.unit < b.unit; });
  return placed;
}

size_t DwarfReader::ResolveInUnit(std::span<const Placed> placed,
                                  std::span<const uint64_t> addresses, const Sink& sink) {
  Dwarf_Die entry;
  if (dwarf_offdie(dwarf_.get(), placed.front().unit, &entry) == nullptr) return 0;
  std::vector<uint64_t> wanted;
  wanted.reserve(placed.size());
  for (const Placed& one : placed) wanted.push_back(addresses[one.index]);
  DwarfUnit unit(entry, EntriesOf(entry, &complete_), wanted);
  for (size_t i = 0; i < placed.size(); ++i) {
    const std::vector<Frame> frames = unit.FramesAt(i);
    if (!frames.empty()) sink(placed[i].index, frames);
  }
  return unit.decoded_size();
}

void DwarfReader::Resolve(std::span<const uint64_t> addresses, const Sink& sink) {
  if (addresses.empty() || !Open()) return;
  const std::vector<Placed> placed = PlaceInUnits(addresses);
  size_t decoded = 0;
  for (size_t begin = 0; begin < placed.size();) {
    size_t end = begin + 1;
    while (end < placed.size() && placed[end].unit == placed[begin].unit) ++end;
    if (decoded > kDecodedBudget) {
      if (!Open()) return;
      decoded = 0;
    }
    decoded += ResolveInUnit(std::span(placed).subspan(begin, end - begin), addresses, sink);
    begin = end;
  }
}

}  // namespace cpprof::symbolize
