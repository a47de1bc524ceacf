// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/environment.h"

#include <algorithm>
#include <string_view>

#include "agent/service/options/option_table.h"

namespace pprofagent::service {
namespace {

std::string BadValue(const OptionSpec& spec, std::string_view value) {
  const std::string_view default_text = spec.default_text.empty() ? "off" : spec.default_text;
  return BadOptionValue(spec, value) + "; using " + std::string(default_text);
}

}  // namespace

Options DefaultOptions() {
  Options options;
  for (const OptionSpec& spec : OptionTable()) SetOption(spec, spec.default_text, &options);
  return options;
}

ParsedOptions ParseEnvironment(const char* const* environment) {
  ParsedOptions parsed;
  parsed.options = DefaultOptions();
  std::vector<std::string_view> seen;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    std::string_view entry = *environment;
    if (!entry.starts_with(kOptionPrefix)) continue;
    entry.remove_prefix(kOptionPrefix.size());
    const size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = entry.substr(0, equals);
    const std::string_view value = entry.substr(equals + 1);
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
    seen.push_back(name);
    const OptionSpec* spec = FindOption(name);
    if (spec == nullptr) {
      parsed.problems.push_back(UnknownOption(name));
    } else if (!SetOption(*spec, value, &parsed.options)) {
      parsed.problems.push_back(BadValue(*spec, value));
    }
  }
  return parsed;
}

}  // namespace pprofagent::service
