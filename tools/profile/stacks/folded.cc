// SPDX-License-Identifier: Apache-2.0
//
// Folded stacks, one line a stack, root first, as flame graph tools exchange them:
//
//     main;work;hash 600
//     # a comment
//
// The number is whatever was counted: the sample type is samples/count.
#include <algorithm>

#include "tools/base/strings.h"
#include "tools/profile/stacks/name_builder.h"
#include "tools/profile/stacks/stacks.h"
#include "tools/profile/stacks/text_lines.h"

namespace cpprof::profile::stacks {
namespace {

// A call must be in one of so many lines.
constexpr size_t kProbedLines = 10;
constexpr std::string_view kUnknown = "[unknown]";

struct FoldedLine {
  std::string_view stack;
  std::string_view count;
};

// Nothing if there are no two parts, or the second is no number at all.
std::optional<FoldedLine> SplitLine(std::string_view line) {
  line = TrimSpace(line);
  const size_t space = line.find_last_of(" \t");
  if (space == std::string_view::npos) return std::nullopt;
  const FoldedLine split = {TrimSpace(line.substr(0, space)), line.substr(space + 1)};
  const bool is_number = split.count.find_first_not_of("0123456789-+.") == std::string_view::npos &&
                         split.count.find_first_of("0123456789") != std::string_view::npos;
  if (split.stack.empty() || !is_number) return std::nullopt;
  return split;
}

// A first line with a call in it is proof enough, so that what is wrong behind it can be told;
// after others all have to fit, because lists of words with numbers are common.
bool IsFolded(std::string_view text) {
  TextLines lines(text);
  for (size_t probed = 0; probed < kProbedLines && lines.Next();) {
    if (SaysNothing(lines.line())) continue;
    if (!IsText(lines.line()) || !SplitLine(lines.line())) return false;
    if (lines.line().find(';') != std::string_view::npos) return true;
    ++probed;
  }
  return false;
}

}  // namespace

Parsed ParseFolded(std::string_view text) {
  if (!IsFolded(text)) return std::nullopt;
  NameBuilder builder;
  Profile& profile = builder.profile();
  profile.AddSampleType("samples", "count");
  const MappingIndex nowhere = builder.MappingOf("");
  std::vector<LocationIndex> stack;
  TextLines lines(text);
  while (lines.Next()) {
    if (SaysNothing(lines.line())) continue;
    const auto split = SplitLine(lines.line());
    if (!split || !IsText(lines.line())) {
      return lines.Error("folded stacks", "is not of the form \"main;work 12\"");
    }
    const std::optional<int64_t> count = ParseInt(split->count);
    if (!count) {
      return lines.Error("folded stacks",
                         Quote(split->count) + " is not a whole number of 64 bits");
    }
    stack.clear();
    for (const std::string_view frame : Split(split->stack, ';')) {
      const std::string_view name = TrimSpace(frame);
      stack.push_back(builder.LocationOf(
          0, nowhere, {{.function = name.empty() ? kUnknown : name, .file = ""}}));
    }
    std::reverse(stack.begin(), stack.end());
    profile.AddSample(stack, {{*count}});
  }
  return builder.Take();
}

}  // namespace cpprof::profile::stacks
