// SPDX-License-Identifier: Apache-2.0
//
// The filters on names: which samples stay, and which of their frames. Each regular expression is
// evaluated once a function, file or mapping, never once a sample; samples are then edited by table
// lookups. All edit the profile in place. A null expression does nothing.
#pragma once

#include <re2/re2.h>

#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::profile {

// A location matches by the name or file of any of its functions, or by its mapping's file.
struct NameFilters {
  const re2::RE2* focus = nullptr;   // keep samples with a matching location
  const re2::RE2* ignore = nullptr;  // drop samples with a matching location
  const re2::RE2* hide = nullptr;    // remove matching lines
  const re2::RE2* show = nullptr;    // keep only matching lines
};

// Whether each expression matched anything.
struct NameMatches {
  bool focus = false;
  bool ignore = false;
  bool hide = false;
  bool show = false;
};

NameMatches FilterByName(Profile* profile, const NameFilters& filters);

// Drops the frames above the match nearest the root, and samples without one. Returns whether any
// location matched.
bool ShowFrom(Profile* profile, const re2::RE2& from);

// Drops the frames below the match nearest the leaf.
void PruneFrom(Profile* profile, const re2::RE2& from);

// Applies the profile's own drop_frames and keep_frames: from the root, after the first frame that
// is not to be dropped, removes the first one that is and all below it.
Status RemoveUninteresting(Profile* profile);

// Removes labels whose key does not match `show` or does match `hide`.
struct LabelMatches {
  bool show = false;
  bool hide = false;
};
LabelMatches FilterLabels(Profile* profile, const re2::RE2* show, const re2::RE2* hide);

}  // namespace cpprof::profile
