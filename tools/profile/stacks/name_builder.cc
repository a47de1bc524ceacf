// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/stacks/name_builder.h"

namespace cpprof::profile::stacks {
namespace {

// Parts of a key are told apart by a byte that no text line has.
constexpr char kEnd = '\n';

}  // namespace

MappingIndex NameBuilder::MappingOf(std::string_view file) {
  const auto [known, is_new] = mappings_.try_emplace(std::string(file), 0);
  if (is_new) {
    Mapping mapping;
    mapping.file = profile_.Intern(file);
    mapping.has_functions = true;
    known->second = profile_.AddMapping(mapping);
  }
  return known->second;
}

FunctionIndex NameBuilder::FunctionOf(const NamedFrame& frame) {
  key_.assign(frame.function).append(1, kEnd).append(frame.file);
  const auto [known, is_new] = functions_.try_emplace(key_, 0);
  // Names in texts have been made readable already: there is no linker name to do it again from.
  if (is_new) known->second = profile_.AddFunction(frame.function, "", frame.file);
  return known->second;
}

LocationIndex NameBuilder::LocationOf(uint64_t address, MappingIndex mapping,
                                      const std::vector<NamedFrame>& frames) {
  key_ = std::to_string(address) + kEnd + std::to_string(mapping);
  for (const NamedFrame& frame : frames) {
    key_.append(1, kEnd).append(frame.function);
    key_.append(1, kEnd).append(frame.file);
    key_.append(1, kEnd).append(std::to_string(frame.line));
  }
  const auto [known, is_new] = locations_.try_emplace(key_, 0);
  if (!is_new) return known->second;
  const LocationIndex location = profile_.AddLocation(address, mapping);
  known->second = location;
  std::vector<Line> lines;
  for (const NamedFrame& frame : frames) {
    lines.push_back({.function = FunctionOf(frame), .line = frame.line});
    if (mapping == kNone) continue;
    profile_.mappings[mapping].has_filenames |= !frame.file.empty();
    profile_.mappings[mapping].has_line_numbers |= frame.line != 0;
    profile_.mappings[mapping].has_inline_frames |= frames.size() > 1;
  }
  profile_.SetLines(location, lines);
  return location;
}

}  // namespace cpprof::profile::stacks
