// SPDX-License-Identifier: Apache-2.0
//
// See flags.h.
#include "tools/driver/flags.h"

#include <unistd.h>

#include <algorithm>

#include "tools/base/strings.h"

namespace cpprof::driver {
namespace {

constexpr const char* kParseError = "parse error";

std::string SetBool(bool* target, std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text != yes) continue;
    *target = true;
    return "";
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text != no) continue;
    *target = false;
    return "";
  }
  return kParseError;
}

std::string SetInt(int64_t* target, std::string_view text) {
  const bool negative = text.substr(0, 1) == "-";
  std::string_view digits = text;
  if (negative || text.substr(0, 1) == "+") digits.remove_prefix(1);
  const std::optional<uint64_t> size = ParseUint(digits, 0);
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (!size || *size > limit) {
    const bool number =
        !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
    return number ? "value out of range" : kParseError;
  }
  *target = static_cast<int64_t>(negative ? 0 - *size : *size);
  return "";
}

// Whether the argument means a flag: "-x", but not "-" and not the name of a file.
bool LooksLikeFlag(const std::string& argument) {
  return argument.size() > 1 && argument[0] == '-' && access(argument.c_str(), F_OK) != 0;
}

}  // namespace

void FlagSet::Bool(std::string_view name, bool* target) {
  flags_[std::string(name)] = {true, [=](std::string_view text) { return SetBool(target, text); }};
}

void FlagSet::Int(std::string_view name, int64_t* target) {
  flags_[std::string(name)] = {false, [=](std::string_view text) { return SetInt(target, text); }};
}

void FlagSet::Double(std::string_view name, double* target) {
  flags_[std::string(name)] = {false, [=](std::string_view text) -> std::string {
                                 const std::optional<double> value = ParseDouble(text);
                                 if (!value) return kParseError;
                                 *target = *value;
                                 return "";
                               }};
}

void FlagSet::String(std::string_view name, std::string* target) {
  flags_[std::string(name)] = {false, [=](std::string_view text) -> std::string {
                                 *target = text;
                                 return "";
                               }};
}

Result<std::vector<std::string>> FlagSet::Parse(const std::vector<std::string>& arguments,
                                                bool* help_wanted) {
  std::vector<std::string> rest;
  for (size_t at = 0; at < arguments.size() && !*help_wanted;) {
    const std::string& argument = arguments[at];
    if (argument == "--") {
      rest.insert(rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                  arguments.end());
      break;
    }
    const bool is_flag =
        rest.empty() ? argument.size() > 1 && argument[0] == '-' : LooksLikeFlag(argument);
    if (!is_flag) {
      rest.push_back(argument);
      ++at;
      continue;
    }
    Status parsed = ParseFlag(arguments, &at, help_wanted);
    if (!parsed.ok()) return parsed;
  }
  return rest;
}

Status FlagSet::ParseFlag(const std::vector<std::string>& arguments, size_t* at,
                          bool* help_wanted) {
  const std::string& argument = arguments[(*at)++];
  std::string_view name = argument;
  name.remove_prefix(name[1] == '-' ? 2 : 1);
  if (name.empty() || name[0] == '-' || name[0] == '=') {
    return Status::Error("bad flag syntax: " + argument);
  }
  std::string value;
  const size_t equals = name.find('=');
  const bool has_value = equals != std::string_view::npos;
  if (has_value) {
    value = name.substr(equals + 1);
    name = name.substr(0, equals);
  }
  const auto found = flags_.find(name);
  if (found == flags_.end()) {
    if (name == "h" || name == "help") {
      *help_wanted = true;
      return Status::Ok();
    }
    std::string message = "flag provided but not defined: -" + std::string(name);
    const std::optional<std::string> nearest = Nearest(name, Names());
    if (nearest) message += " (did you mean -" + *nearest + "?)";
    return Status::Error(std::move(message));
  }
  const Flag& flag = found->second;
  if (!has_value && flag.is_bool) {
    value = "true";
  } else if (!has_value) {
    if (*at >= arguments.size()) {
      return Status::Error("flag needs an argument: -" + std::string(name));
    }
    value = arguments[(*at)++];
  }
  const std::string problem = flag.set(value);
  if (problem.empty()) return Status::Ok();
  return Status::Error((flag.is_bool ? "invalid boolean value " : "invalid value ") + Quote(value) +
                       " for " + (flag.is_bool ? "" : "flag ") + "-" + std::string(name) + ": " +
                       problem);
}

bool FlagSet::TakesValue(std::string_view name) const {
  const auto found = flags_.find(name);
  return found != flags_.end() && !found->second.is_bool;
}

std::vector<std::string> FlagSet::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, flag] : flags_) names.push_back(name);
  return names;
}

}  // namespace cpprof::driver
