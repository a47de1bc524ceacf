// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/service/control/controller.h"

namespace pprofagent::service {

// What the agent does in this process, one "name: value" a line.
std::vector<std::string> StatusLines(const Controller& controller);

}  // namespace pprofagent::service
