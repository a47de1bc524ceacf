// SPDX-License-Identifier: Apache-2.0
//
// Before profiles are merged, their values are brought to common units: the finest one of each
// type.
#pragma once

#include <span>

#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::measurement {

// All profiles have the same number of sample types. Fails if types or families of units differ; a
// trailing 's' of a type's name makes no difference.
Status ScaleProfiles(std::span<profile::Profile> profiles);

}  // namespace cpprof::measurement
