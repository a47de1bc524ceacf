// SPDX-License-Identifier: Apache-2.0
//
// Running other programs: dot to draw, objdump to disassemble, a browser to show. By argument list,
// never through a shell, so nothing in a profile can become a command; but for the one function
// that exists to run what the user typed.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"

namespace cpprof {

// Runs a program found on PATH with `input` as its standard input and returns what it wrote to
// standard output. Its standard error is ours. A status other than 0 is an error.
Result<std::string> RunProgram(const std::vector<std::string>& arguments, std::string_view input);

// For a program that reads files we know nothing about: it is ended, and that is an error, when it
// runs longer or writes more than this.
struct RunLimits {
  std::chrono::seconds time;
  size_t output_bytes;
};

// As RunProgram, within limits and with nothing to read. What it writes to standard error is not
// shown; the first line of it becomes part of the error if it fails.
Result<std::string> RunProgramWithin(const std::vector<std::string>& arguments,
                                     const RunLimits& limits);

// Starts a program found on PATH with nothing to read. `wait`: returns when it has ended, an error
// if it failed; otherwise it lives on by itself, out of reach of the terminal's Ctrl-C. `*started`,
// unless null: whether there was such a program at all.
Status StartProgram(const std::vector<std::string>& arguments, bool wait, bool* started = nullptr);

// Runs what a user typed behind '|' by /bin/sh, with `input` to read, to its end. How it ended is
// its own affair (grep fails when nothing matches); an error is that it could not be started.
Status RunShellCommand(const std::string& command, std::string_view input);

}  // namespace cpprof
