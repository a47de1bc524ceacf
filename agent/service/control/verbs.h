// SPDX-License-Identifier: Apache-2.0
//
// THE table of verbs: what can be asked of the agent, whichever door the wish
// comes through. Signals are doors; sockets will be.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/service/control/controller.h"

namespace pprofagent::service {

struct Verb {
  std::string_view name;
  std::string_view arguments;  // their form, for messages
  std::string_view help;
  Reply (*run)(Controller& controller, const std::vector<std::string>& arguments);
};

std::span<const Verb> VerbTable();

// Runs a verb by name. An unknown name or a bad argument is a failed reply.
Reply RunVerb(Controller& controller, std::string_view name,
              const std::vector<std::string>& arguments);

// What the requests of signals mean (hot::Request); `value` came with them.
void RunRequests(Controller& controller, uint32_t requests, int value);

}  // namespace pprofagent::service
