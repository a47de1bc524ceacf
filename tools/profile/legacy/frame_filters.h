// SPDX-License-Identifier: Apache-2.0
//
// The old formats cannot say which frames belong to the recording and not to the program, so the
// reader adds that: allocators' functions in heap profiles, lock internals in contention profiles,
// signal handlers in CPU profiles.
#pragma once

#include "tools/profile/profile.h"

namespace cpprof::profile::legacy {

// Sets drop_frames and keep_frames by the sample types.
void AddFrameFilters(Profile* profile);

}  // namespace cpprof::profile::legacy
