// SPDX-License-Identifier: Apache-2.0
//
// Which processes run under the agent, as /proc tells, and how to reach one that somebody names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/base/status.h"
#include "tools/fetch/process_source.h"

namespace cpprof::control {

struct Agents {
  // By process id.
  std::vector<fetch::Agent> found;
  // Processes of which it cannot be told, because they may not be looked into.
  size_t hidden = 0;
};

Agents FindAgents();

// The control socket of a process named by its id, by its name if only one is called so, or by the
// socket itself (a path with a '/').
Result<std::string> FindControlSocket(const std::string& process);

}  // namespace cpprof::control
