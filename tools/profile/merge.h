// SPDX-License-Identifier: Apache-2.0
//
// Several profiles as one, with the reference's rules: equal samples are joined, those without a
// value dropped, and only the locations, functions and mappings that samples use are kept, in the
// order of their first use. That order is what -raw prints and -proto writes. A single profile
// stays as it is.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::profile {

// Reduces all profiles to the sample types they have in common, in the order of the first.
Status KeepCommonSampleTypes(std::span<Profile> profiles);

// The sum of profiles with equal sample types and period types. Mappings are the same when build id
// (or else file), offset and rounded size agree; addresses move to where the first had it.
Result<Profile> Merge(std::vector<Profile> profiles);

// What merging does, to one profile.
Profile Compact(Profile profile);

// Multiplies column i by ratios[i], rounding; samples whose scaled values are all 0 go away.
void Scale(Profile* profile, std::span<const double> ratios);
void Scale(Profile* profile, double ratio);

// Scales each column of the profile so that its sum is that of `base`.
Status Normalize(Profile* profile, const Profile& base);

// The label of samples that came from -diff_base.
inline constexpr std::string_view kDiffBaseKey = "pprof::base";
inline constexpr std::string_view kDiffBaseValue = "true";

// Gives every sample the one text label key=value, instead of those it has with that key.
void SetLabel(Profile* profile, std::string_view key, std::string_view value);

}  // namespace cpprof::profile
