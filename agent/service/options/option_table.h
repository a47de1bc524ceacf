// SPDX-License-Identifier: Apache-2.0
//
// THE table of options: name, default, the form of a value, help. Environment
// reading goes through it, and whatever else comes to name options (control
// channel, documentation) shall too. An option is here only if it works.
#pragma once

#include <span>
#include <string>
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
  // Can be set while the program runs.
  bool live = false;
};

std::span<const OptionSpec> OptionTable();

// Sets an option and remembers the text; false as `set`.
bool SetOption(const OptionSpec& spec, std::string_view text, Options* options);
// The text an option was set to.
std::string_view OptionText(const OptionSpec& spec, const Options& options);

// "PPROFAGENT_HEAP_RATES is not an option of the agent" and what was meant.
std::string UnknownOption(std::string_view name);
// "PPROFAGENT_HEAP_RATE="x" is not a size such as 4096, 512k or 1M".
std::string BadOptionValue(const OptionSpec& spec, std::string_view value);

// Null if there is none of that name (without the prefix).
const OptionSpec* FindOption(std::string_view name);

// The option whose name is most like a mistyped one; null if none is near.
const OptionSpec* NearestOption(std::string_view name);

}  // namespace pprofagent::service
