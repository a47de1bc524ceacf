// SPDX-License-Identifier: Apache-2.0
//
// A line of the shell that asks for a report.
#pragma once

#include <string>
#include <string_view>

#include "tools/base/status.h"
#include "tools/driver/config.h"
#include "tools/driver/generate.h"

namespace cpprof::shell {

struct ParsedCommand {
  driver::Request request;
  driver::Config config;  // with what the line says
};

// `config` is the one that assignments have made.
Result<ParsedCommand> ParseCommand(std::string_view line, const driver::Config& config);

}  // namespace cpprof::shell
