// SPDX-License-Identifier: Apache-2.0
//
// The agent's messages. log.cc is the only file that sees the logging library.
#pragma once

#include <string_view>

#include "agent/service/options/options.h"

namespace pprofagent::service {

// From here on messages go where the options say; before, nowhere. The options
// must live as long as the process.
void ConfigureLog(const Options& options);

// One message, which becomes one line. Thread-safe, keeps errno. Without effect
// if the level is below the one the options ask for.
void Log(LogLevel level, std::string_view message);

}  // namespace pprofagent::service
