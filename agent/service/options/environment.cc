// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/environment.h"

#include <algorithm>
#include <string_view>

#include "agent/service/options/option_table.h"

namespace pprofagent::service {
namespace {

constexpr size_t kMaxQuoted = 80;

// A value for the log: one line, not endless.
std::string Quoted(std::string_view value) {
  std::string quoted = "\"";
  for (char c : value.substr(0, kMaxQuoted)) {
    const bool printable = static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
    quoted += printable ? c : '?';
  }
  return quoted + (value.size() > kMaxQuoted ? "...\"" : "\"");
}

std::string FullName(std::string_view name) {
  return std::string(kOptionPrefix) + std::string(name);
}

std::string UnknownName(std::string_view name) {
  std::string line = FullName(name) + " is not an option of the agent and has no effect";
  if (const OptionSpec* nearest = NearestOption(name)) {
    line += "; did you mean " + FullName(nearest->name) + "?";
  }
  return line;
}

std::string BadValue(const OptionSpec& spec, std::string_view value) {
  const std::string_view default_text = spec.default_text.empty() ? "off" : spec.default_text;
  return FullName(spec.name) + "=" + Quoted(value) + " is not " + std::string(spec.form) +
         "; using " + std::string(default_text);
}

}  // namespace

Options DefaultOptions() {
  Options options;
  for (const OptionSpec& spec : OptionTable()) spec.set(spec.default_text, &options);
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
      parsed.problems.push_back(UnknownName(name));
    } else if (!spec->set(value, &parsed.options)) {
      parsed.problems.push_back(BadValue(*spec, value));
    }
  }
  return parsed;
}

}  // namespace pprofagent::service
