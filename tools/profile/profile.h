// SPDX-License-Identifier: Apache-2.0
//
// The profile in memory: what every step of the analyzer reads and edits.
//
//     sample    one row of `samples`: a stack of locations (leaf first), one value a sample type,
//               labels
//     location  an address in a mapping, with its lines: the innermost inlined function first,
//               the function that was really called last; none while not symbolized
//     line      a function and where in its source
//     function  name, linker name, file, line of its definition
//     mapping   a file mapped into the process; the first is the main program
//
// Everything refers to everything by index into these vectors; kNone says "no such thing". The ids
// that locations and mappings had in their file are kept for -raw, which shows them, and for
// nothing else. Strings are ids of `strings`.
//
// Who fills it: the decoder (decode.h), the legacy parsers (legacy/), the symbolizer; then Merge
// and the filters edit it in place. A Profile is a value: copying it copies the columns and shares
// the string table. It is not thread-safe; different profiles may be worked on in parallel.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/profile/samples.h"
#include "tools/profile/string_table.h"

namespace cpprof::profile {

using MappingIndex = uint32_t;
using FunctionIndex = uint32_t;
inline constexpr uint32_t kNone = UINT32_MAX;

struct ValueType {
  StringId type = 0;
  StringId unit = 0;

  bool operator==(const ValueType&) const = default;
};

struct Mapping {
  uint64_t id = 0;
  uint64_t start = 0;
  uint64_t limit = 0;  // the first address behind it
  uint64_t offset = 0;
  StringId file = 0;
  StringId build_id = 0;
  // For a kernel image, the symbol its addresses are relative to ("_text", "_stext"), else 0.
  StringId kernel_relocation_symbol = 0;
  bool has_functions = false;
  bool has_filenames = false;
  bool has_line_numbers = false;
  bool has_inline_frames = false;
};

struct Function {
  StringId name = 0;
  StringId system_name = 0;  // as the linker knows it
  StringId filename = 0;
  int64_t start_line = 0;
};

struct Line {
  FunctionIndex function = kNone;  // never kNone in a valid profile
  int64_t line = 0;
  int64_t column = 0;

  bool operator==(const Line&) const = default;
};

struct Location {
  uint64_t id = 0;
  uint64_t address = 0;
  MappingIndex mapping = kNone;
  bool is_folded = false;
  // Its slice of Profile::lines.
  uint32_t first_line = 0;
  uint32_t line_count = 0;
};

struct Profile {
  Profile() : strings(std::make_shared<StringTable>()) {}

  std::shared_ptr<StringTable> strings;

  std::vector<ValueType> sample_types;
  Samples samples;
  std::vector<Mapping> mappings;
  std::vector<Location> locations;
  std::vector<Line> lines;  // slices of it belong to locations; others are left over from edits
  std::vector<Function> functions;
  uint64_t last_mapping_id = 0;  // the largest
  uint64_t last_location_id = 0;

  StringId drop_frames = 0;
  StringId keep_frames = 0;
  StringId default_sample_type = 0;
  StringId doc_url = 0;
  std::vector<StringId> comments;
  int64_t time_nanos = 0;
  int64_t duration_nanos = 0;
  ValueType period_type;
  int64_t period = 0;

  std::string_view Text(StringId id) const { return strings->View(id); }
  StringId Intern(std::string_view text) { return strings->Intern(text); }

  std::span<const Line> Lines(LocationIndex location) const {
    return {lines.data() + locations[location].first_line, locations[location].line_count};
  }
  std::span<Line> Lines(LocationIndex location) {
    return {lines.data() + locations[location].first_line, locations[location].line_count};
  }
  // Gives the location these lines instead of those it has.
  void SetLines(LocationIndex location, std::span<const Line> new_lines);

  // --- For who builds a profile ---

  // Sets the sample types and empties the samples. Call it before the first AddSample.
  void SetSampleTypes(std::vector<ValueType> types);
  void AddSampleType(std::string_view type, std::string_view unit);

  // Mappings and locations get the next free id.
  MappingIndex AddMapping(Mapping mapping);
  FunctionIndex AddFunction(std::string_view name, std::string_view system_name,
                            std::string_view filename, int64_t start_line = 0);
  LocationIndex AddLocation(uint64_t address, MappingIndex mapping = kNone);
  // `labels` in any order.
  void AddSample(std::span<const LocationIndex> stack, std::span<const int64_t> values,
                 std::vector<Label> labels = {});
  Label TextLabel(std::string_view key, std::string_view text);
  Label NumberLabel(std::string_view key, int64_t number, std::string_view unit = {});

  // Puts labels into the order that Samples holds them in.
  void SortLabels(std::vector<Label>* labels) const;
};

}  // namespace cpprof::profile
