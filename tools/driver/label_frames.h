// SPDX-License-Identifier: Apache-2.0
//
// tagroot and tagleaf: labels as frames, so that a graph can be split by user, path or size. The
// frame's function is named by the label's values and its file by the label's key; a sample without
// the label gets a frame without a name, so that all stacks have the same number of them.
#pragma once

#include <string>
#include <string_view>

#include "tools/profile/profile.h"

namespace cpprof::driver {

// Whether any sample had one of the labels.
struct LabelFrameMatches {
  bool root = false;
  bool leaf = false;
};

// The keys are lists separated by commas; numbers are shown in `unit`.
LabelFrameMatches AddLabelFrames(profile::Profile* profile, std::string_view root_keys,
                                 std::string_view leaf_keys, const std::string& unit);

}  // namespace cpprof::driver
