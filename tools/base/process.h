// SPDX-License-Identifier: Apache-2.0
//
// Running other programs: dot to draw, objdump to disassemble, a browser to show. Always by
// argument list, never through a shell, so nothing in a profile can become a command.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"

namespace cpprof {

// Runs a program found on PATH with `input` as its standard input and returns what it wrote to
// standard output. Its standard error is ours. A status other than 0 is an error.
Result<std::string> RunProgram(const std::vector<std::string>& arguments, std::string_view input);

// Starts a program found on PATH with nothing to read. `wait`: returns when it has ended, an error
// if it failed; otherwise it lives on by itself.
Status StartProgram(const std::vector<std::string>& arguments, bool wait);

}  // namespace cpprof
