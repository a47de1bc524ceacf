// SPDX-License-Identifier: Apache-2.0
//
// From the sources of a command line to the one profile that reports are made of:
//
//     fetch -> subtract bases -> symbolize -> drop uninteresting frames -> keep a copy
#pragma once

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/driver/command_line.h"
#include "tools/profile/profile.h"

namespace cpprof::driver {

Result<profile::Profile> LoadProfile(const CommandLine& line, Notices* notices);

}  // namespace cpprof::driver
