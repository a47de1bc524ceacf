// SPDX-License-Identifier: Apache-2.0
//
// Completion of cpprof's command line by the system's shell: flags, their choices, kinds, files.
// The script is made from the tables that flags are made from, so it knows them all.
#pragma once

#include <string>
#include <string_view>

#include "tools/base/status.h"

namespace cpprof::driver {

// For "bash".
Result<std::string> CompletionScript(std::string_view shell);

}  // namespace cpprof::driver
