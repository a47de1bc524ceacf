// SPDX-License-Identifier: Apache-2.0
//
// Options out of an environment block. The block is read directly: programs
// such as bash define a getenv of their own, with other answers.
#pragma once

#include <string>
#include <vector>

#include "agent/service/options/options.h"

namespace pprofagent::service {

struct ParsedOptions {
  Options options;
  // One line for the log on each value or name that was not understood.
  std::vector<std::string> problems;
};

// Names the table does not have and values it does not understand leave the
// default in place. Of a name given twice the first counts, as in getenv.
ParsedOptions ParseEnvironment(const char* const* environment);

// All options at their defaults.
Options DefaultOptions();

}  // namespace pprofagent::service
