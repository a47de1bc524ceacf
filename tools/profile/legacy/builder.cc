// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/builder.h"

namespace cpprof::profile::legacy {

LocationIndex Builder::LocationAt(uint64_t address, bool create) {
  const auto known = locations_.find(address);
  if (known != locations_.end()) return known->second;
  if (!create) return kNone;
  const LocationIndex location = profile_.AddLocation(address);
  locations_.emplace(address, location);
  return location;
}

void Builder::AddSample(std::span<const uint64_t> addresses, size_t adjust_from,
                        std::span<const int64_t> values, std::vector<Label> labels) {
  stack_.clear();
  for (size_t i = 0; i < addresses.size(); ++i) {
    stack_.push_back(LocationAt(i >= adjust_from ? addresses[i] - 1 : addresses[i]));
  }
  profile_.AddSample(stack_, values, std::move(labels));
}

void DropDuplicateLeaves(Profile* profile) {
  const auto& locations = profile->locations;
  profile->samples.Rewrite([&](size_t, Samples::Parts* parts) {
    auto& stack = parts->stack;
    if (stack.size() > 1 && locations[stack[0]].address == locations[stack[1]].address + 1) {
      stack.erase(stack.begin() + 1);
    }
    return true;
  });
}

}  // namespace cpprof::profile::legacy
