// SPDX-License-Identifier: Apache-2.0
//
// See profile.h.
#include "tools/profile/profile.h"

#include <algorithm>
#include <utility>

namespace cpprof::profile {

void Profile::SetLines(LocationIndex location, std::span<const Line> new_lines) {
  Location& edited = locations[location];
  if (new_lines.size() <= edited.line_count) {
    std::copy(new_lines.begin(), new_lines.end(), lines.begin() + edited.first_line);
  } else {
    edited.first_line = static_cast<uint32_t>(lines.size());
    lines.insert(lines.end(), new_lines.begin(), new_lines.end());
  }
  edited.line_count = static_cast<uint32_t>(new_lines.size());
}

void Profile::SetSampleTypes(std::vector<ValueType> types) {
  sample_types = std::move(types);
  samples = Samples(sample_types.size());
}

void Profile::AddSampleType(std::string_view type, std::string_view unit) {
  sample_types.push_back({Intern(type), Intern(unit)});
  samples = Samples(sample_types.size());
}

MappingIndex Profile::AddMapping(Mapping mapping) {
  mapping.id = ++last_mapping_id;
  mappings.push_back(mapping);
  return static_cast<MappingIndex>(mappings.size() - 1);
}

FunctionIndex Profile::AddFunction(std::string_view name, std::string_view system_name,
                                   std::string_view filename, int64_t start_line) {
  functions.push_back({Intern(name), Intern(system_name), Intern(filename), start_line});
  return static_cast<FunctionIndex>(functions.size() - 1);
}

LocationIndex Profile::AddLocation(uint64_t address, MappingIndex mapping) {
  locations.push_back({.id = ++last_location_id, .address = address, .mapping = mapping});
  return static_cast<LocationIndex>(locations.size() - 1);
}

void Profile::AddSample(std::span<const LocationIndex> stack, std::span<const int64_t> values,
                        std::vector<Label> labels) {
  SortLabels(&labels);
  samples.Append(stack, values, labels);
}

Label Profile::TextLabel(std::string_view key, std::string_view text) {
  return {.key = Intern(key), .text = Intern(text)};
}

Label Profile::NumberLabel(std::string_view key, int64_t number, std::string_view unit) {
  return {.key = Intern(key), .unit = Intern(unit), .numeric = true, .number = number};
}

void Profile::SortLabels(std::vector<Label>* labels) const {
  if (labels->size() < 2) return;
  std::stable_sort(labels->begin(), labels->end(), [&](const Label& a, const Label& b) {
    if (a.numeric != b.numeric) return b.numeric;
    return a.key != b.key && Text(a.key) < Text(b.key);
  });
}

}  // namespace cpprof::profile
