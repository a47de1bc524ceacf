// SPDX-License-Identifier: Apache-2.0
//
// A line of the shell that asks for a report, and says where it goes:
//
//     top 5 main >file      into a file; >>file at its end
//     top 5 main | grep x   through a command of the system's shell
//
// A '|' within a word is an expression's ("top a|b"); one that starts a word, or follows the
// command's name, is a pipe.
#pragma once

#include <string>
#include <string_view>

#include "tools/base/status.h"
#include "tools/driver/config.h"
#include "tools/driver/generate.h"
#include "tools/driver/output.h"

namespace cpprof::shell {

struct ParsedCommand {
  driver::Request request;
  driver::Config config;  // with what the line says
  driver::Destination destination;
};

// `config` is the one that assignments have made.
Result<ParsedCommand> ParseCommand(std::string_view line, const driver::Config& config);

}  // namespace cpprof::shell
