// SPDX-License-Identifier: Apache-2.0
//
// THE table of options: name, default, the form of a value, help. Environment
// reading goes through it, and whatever else comes to name options (control
// channel, documentation) shall too. An option is here only if it works.
#pragma once

#include <span>
#include <string_view>

#include "agent/service/options/options.h"

namespace pprofagent::service {

inline constexpr std::string_view kOptionPrefix = "PPROFAGENT_";

struct OptionSpec {
  std::string_view name;  // without the prefix
  std::string_view default_text;
  // Completes "is not ...".
  std::string_view form;
  std::string_view help;
  // False if the text is not of the form; nothing is changed then.
  bool (*set)(std::string_view text, Options* options);
};

std::span<const OptionSpec> OptionTable();

// Null if there is none of that name (without the prefix).
const OptionSpec* FindOption(std::string_view name);

// The option whose name is most like a mistyped one; null if none is near.
const OptionSpec* NearestOption(std::string_view name);

}  // namespace pprofagent::service
