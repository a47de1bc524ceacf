// SPDX-License-Identifier: Apache-2.0
//
// The parts of dot.h that make texts and colours.
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "tools/base/strings.h"
#include "tools/graph/dot.h"

namespace cpprof::graph {
namespace {

using re2::RE2;

// The expressions are compiled once, when the first name is shortened.
struct Languages {
  const RE2 cpp_anonymous{R"(^\(anonymous namespace\)::)"};
  // The version in a Go module's path: /v2, but not /v0 and /v1.
  const RE2 go_version{R"(^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$)"};
  const RE2 go{R"(^(?:[\w\-\.]+\/)+(.+))"};
  const RE2 java{
      R"(^(?:[a-z]\w*\.)*([A-Z][\w\$]*\.(?:<init>|[a-z][\w\$]*(?:\$\d+)?))(?:(?:\()|$))"};
  const RE2 cpp{R"(^(?:[_a-zA-Z]\w*::)+(_*[A-Z]\w*::~?[_a-zA-Z]\w*(?:<.*>)?))"};
};

const Languages& Expressions() {
  static const Languages* const languages = new Languages;
  return *languages;
}

// What is no number (nothing as part of nothing) counts as 0.
std::string HexByte(double part) {
  if (std::isnan(part)) part = 0;
  return StrFormat("%02x", static_cast<unsigned>(static_cast<uint8_t>(part * 255.0)));
}

}  // namespace

std::string ShortenFunctionName(const std::string& name) {
  const Languages& languages = Expressions();
  std::string text = name;
  RE2::Replace(&text, languages.cpp_anonymous, "");
  RE2::Replace(&text, languages.go_version, R"(\1\2)");
  std::string shorter;
  for (const RE2* language : {&languages.go, &languages.java, &languages.cpp}) {
    if (RE2::PartialMatch(text, *language, &shorter)) return shorter;
  }
  return text;
}

std::string EscapeForDot(std::string_view text) {
  return ReplaceAll(ReplaceAll(ReplaceAll(text, "\\", "\\\\"), "\"", "\\\""), "\n", "\\l");
}

std::string DotColor(double score, bool background) {
  // How far small scores are moved away from grey.
  constexpr double kShift = 0.7;
  // Below this score colours fade out.
  constexpr double kFaint = 0.2;
  double saturation = background ? 0.1 : 1.0;
  const double value = background ? 0.93 : 0.7;
  if (!std::isnan(score)) score = std::clamp(score, -1.0, 1.0);
  if (std::fabs(score) < kFaint) saturation *= std::fabs(score) / kFaint;
  if (score > 0) score = std::pow(score, 1.0 - kShift);
  if (score < 0) score = -std::pow(-score, 1.0 - kShift);
  const double red = score < 0 ? value * (1 + saturation * score) : value;
  const double green = score < 0 ? value : value * (1 - saturation * score);
  return "#" + HexByte(red) + HexByte(green) + HexByte(value * (1 - saturation));
}

}  // namespace cpprof::graph
