// SPDX-License-Identifier: Apache-2.0
//
// The help texts, made from the tables of commands and options.
#pragma once

#include <string>

namespace cpprof::driver {

// What -h and `cpprof help` print.
std::string CommandLineUsage();
// The lists of commands and options, as the shell's `help` prints them.
std::string ShellUsage();
// Help on one command or option; empty if there is none of that name.
std::string HelpOn(const std::string& name);

}  // namespace cpprof::driver
