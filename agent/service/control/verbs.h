// SPDX-License-Identifier: Apache-2.0
//
// THE table of verbs: what can be asked of the agent, whichever door the wish
// comes through: signals, HTTP, the Unix socket.
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
  // Whether it changes anything; who only reads may do so by other doors too.
  bool changes = true;
};

// Null if there is none of that name.
const Verb* FindVerb(std::string_view name);

std::span<const Verb> VerbTable();

// Runs a verb by name. An unknown name or a bad argument is a failed reply.
Reply RunVerb(Controller& controller, std::string_view name,
              const std::vector<std::string>& arguments);

// What the requests of signals mean (hot::Request); `value` came with them.
void RunRequests(Controller& controller, uint32_t requests, int value);

}  // namespace pprofagent::service
