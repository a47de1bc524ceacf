// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/mode.h"

#include <optional>
#include <string>

#include "tools/base/strings.h"

namespace cpprof::symbolize {
namespace {

bool SetPlace(std::string_view word, Mode* mode) {
  if (word == "local" || word == "fastlocal") {
    mode->local = true;
    mode->remote = false;
    mode->fast = mode->fast || word == "fastlocal";
    return true;
  }
  if (word == "remote") {
    mode->local = false;
    mode->remote = true;
    return true;
  }
  return false;
}

std::optional<DemangleStyle> ParseStyle(std::string_view word) {
  if (word == "full") return DemangleStyle::kFull;
  if (word == "none") return DemangleStyle::kNone;
  if (word == "templates") return DemangleStyle::kTemplates;
  return std::nullopt;
}

}  // namespace

Mode ParseMode(std::string_view text, Notices* notices) {
  static constexpr std::string_view kDemangle = "demangle=";
  Mode mode;
  const std::string lower = AsciiLower(text);
  for (std::string_view word : Split(lower, ':')) {
    if (word.empty() || SetPlace(word, &mode)) continue;
    if (word == "none" || word == "no") {
      mode.none = true;
      return mode;
    }
    if (word == "force") {
      mode.force = true;
      continue;
    }
    if (word.starts_with(kDemangle)) word.remove_prefix(kDemangle.size());
    if (word == "default") continue;
    if (const auto style = ParseStyle(word)) {
      mode.demangle = *style;
      mode.force = true;
      continue;
    }
    notices->Print("ignoring unrecognized symbolization option: " + std::string(text));
    notices->Print(
        "expecting -symbolize=[local|fastlocal|remote|none][:force]"
        "[:demangle=[none|full|templates|default]");
  }
  return mode;
}

}  // namespace cpprof::symbolize
