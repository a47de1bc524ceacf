// SPDX-License-Identifier: Apache-2.0
//
// Makes a profile from stacks of names: functions, mappings and locations are each made once. The
// mappings are marked as symbolized, because nobody knows where they lay.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tools/profile/profile.h"

namespace cpprof::profile::stacks {

// A function as a text names it; parts it does not know are empty or 0.
struct NamedFrame {
  std::string_view function;
  std::string_view file;
  int64_t line = 0;
};

class NameBuilder {
 public:
  Profile& profile() { return profile_; }
  Profile Take() { return std::move(profile_); }

  MappingIndex MappingOf(std::string_view file);
  // The location of these frames, innermost first, at this address (0: unknown) of this mapping.
  LocationIndex LocationOf(uint64_t address, MappingIndex mapping,
                           const std::vector<NamedFrame>& frames);

 private:
  FunctionIndex FunctionOf(const NamedFrame& frame);

  Profile profile_;
  std::unordered_map<std::string, MappingIndex> mappings_;
  std::unordered_map<std::string, FunctionIndex> functions_;
  std::unordered_map<std::string, LocationIndex> locations_;
  // Reused, because it is filled for every frame of the input.
  std::string key_;
};

}  // namespace cpprof::profile::stacks
