// SPDX-License-Identifier: Apache-2.0
//
// cpprof ctl PROCESS VERB [ARGUMENT]...: what a process's agent is asked, over its control socket.
// Verbs are the agent's own affair, and it says which it has.
#pragma once

#include <string>
#include <vector>

#include "tools/base/status.h"

namespace cpprof::control {

// `arguments` without "ctl". What goes to standard output.
Result<std::string> Ctl(const std::vector<std::string>& arguments);

}  // namespace cpprof::control
