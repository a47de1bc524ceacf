// SPDX-License-Identifier: Apache-2.0
//
// Forgets what a report shall not tell apart: without line numbers all lines of a function are one.
#pragma once

#include "tools/profile/profile.h"

namespace cpprof::profile {

// What stays.
struct Detail {
  bool inlines = true;  // false: only the outermost function of an inlined chain
  bool function = true;
  bool filename = true;
  bool line = true;
  bool column = true;
  bool address = true;
};

void Aggregate(Profile* profile, const Detail& detail);

}  // namespace cpprof::profile
