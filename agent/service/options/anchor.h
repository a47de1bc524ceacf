// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/service/options/options.h"

namespace pprofagent::service {

// Relative paths mean the directory the program was started in, wherever it
// changes to later: makes them absolute. CPUPROFILE and MEMPROFILE stay
// relative if there is an OUTPUTDIR, which they are relative to.
void AnchorPaths(Options* options);

}  // namespace pprofagent::service
