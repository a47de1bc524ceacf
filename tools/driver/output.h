// SPDX-License-Identifier: Apache-2.0
//
// Where a report goes: the file the user named, the program that shows it, the command it is piped
// to, standard output, or, for bytes that would confuse a terminal, a new file in the current
// directory. A file appears whole or not at all.
#pragma once

#include <string>

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/driver/commands.h"

namespace cpprof::driver {

struct Destination {
  std::string file;     // the option `output`, or empty
  bool append = false;  // add to the file
  std::string pipe;     // a command line for the system's shell, or empty
  // Standard output is read by a person who waits for the next prompt.
  bool interactive = false;
};

Status WriteOutput(const std::string& bytes, const Command& command, const Destination& destination,
                   Notices* notices);

Status WriteStandardOutput(const std::string& bytes);

}  // namespace cpprof::driver
