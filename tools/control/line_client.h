// SPDX-License-Identifier: Apache-2.0
//
// The agent's line protocol: a line is sent to its control socket; lines come back, of which the
// last is "ok", or "error: " and why.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"

namespace cpprof::control {

// What the agent says, without the last line. An error is the agent's own, or that it could not be
// asked: then it begins with the socket's name.
Result<std::vector<std::string>> AskAgent(const std::string& socket, std::string_view line,
                                          std::chrono::seconds patience);

// The answer taken apart, as it came.
Result<std::vector<std::string>> ParseAnswer(std::string_view text);

}  // namespace cpprof::control
