// SPDX-License-Identifier: Apache-2.0
//
// What all parsers share in making a profile: one location an address, and stacks of addresses.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "tools/profile/profile.h"

namespace cpprof::profile::legacy {

class Builder {
 public:
  Profile& profile() { return profile_; }
  Profile Take() { return std::move(profile_); }

  // The location of this address; kNone if none was made and `create` is false.
  LocationIndex LocationAt(uint64_t address, bool create = true);

  // A sample of these addresses. In most formats all of them are return addresses, which belong to
  // the call before them; `adjust_from` is the index of the first such one.
  void AddSample(std::span<const uint64_t> addresses, size_t adjust_from,
                 std::span<const int64_t> values, std::vector<Label> labels = {});

  static constexpr size_t kNoAdjustment = SIZE_MAX;

 private:
  Profile profile_;
  std::unordered_map<uint64_t, LocationIndex> locations_;
  std::vector<LocationIndex> stack_;
};

// Removes the second frame of samples whose first is the same address: signal handlers report the
// interrupted instruction and then unwind to it once more, one less because it was taken for a
// return address.
void DropDuplicateLeaves(Profile* profile);

}  // namespace cpprof::profile::legacy
