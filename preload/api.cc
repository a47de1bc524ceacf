// SPDX-License-Identifier: Apache-2.0
//
// The one symbol through which programs find the agent's interface
// (agent/include/pprofagent/pprofagent.h).
#include <cstdint>

#include "agent/agent.h"
#include "preload/export.h"

namespace pprofagent::preload {

// Null: not active in this process, or not yet.
PPROFAGENT_INTERPOSE const pprofagent_api* pprofagent_get_api(uint32_t abi) {
  return ProgramInterface(abi);
}

}  // namespace pprofagent::preload
