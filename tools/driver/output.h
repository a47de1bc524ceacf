// SPDX-License-Identifier: Apache-2.0
//
// Where a report goes: the file the user named, the program that shows it, standard output, or, for
// bytes that would confuse a terminal, a new file in the current directory. A named file appears
// whole or not at all.
#pragma once

#include <string>

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/driver/commands.h"

namespace cpprof::driver {

// `file` is the option `output`, or empty. `interactive`: the shell, where standard output is
// read by a person.
Status WriteOutput(const std::string& bytes, const Command& command, const std::string& file,
                   bool interactive, Notices* notices);

Status WriteStandardOutput(const std::string& bytes);

}  // namespace cpprof::driver
