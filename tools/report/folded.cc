// SPDX-License-Identifier: Apache-2.0
//
// folded: one line a stack, root first, with the sum of its samples: "main;work;hash 600". What
// flame graph tools read. Values are whole numbers in the unit of the samples.
#include <algorithm>
#include <unordered_map>
#include <vector>

#include "tools/base/arithmetic.h"
#include "tools/base/strings.h"
#include "tools/graph/node_table.h"
#include "tools/report/formats.h"
#include "tools/report/source_files.h"

namespace cpprof::report {
namespace {

constexpr std::string_view kNoStack = "[no stack]";

// Characters that end a frame or a line cannot be part of a name.
std::string FrameName(std::string name) {
  std::replace(name.begin(), name.end(), ';', ':');
  std::replace_if(
      name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return name.empty() ? "<unknown>" : name;
}

int64_t Value(const Options& options, std::span<const int64_t> values) {
  int64_t value = values[options.weighting.column];
  if (options.weighting.mean && values[0] != 0) value = WrapDivide(value, values[0]);
  if (options.ratio > 0 && options.ratio != 1) {
    value = TruncateToInt(static_cast<double>(value) * options.ratio);
  }
  return value;
}

}  // namespace

Status WriteFolded(Report* report, std::string* out) {
  profile::Profile& profile = report->profile();
  TrimFileNames(&profile, report->options().trim_path, report->options().source_path);
  const graph::NodeTable table(profile, /*object_names=*/false);
  std::vector<std::string> names(table.size());
  for (graph::NodeIndex node = 0; node < table.size(); ++node) {
    names[node] = FrameName(table.PrintableName(node));
  }
  std::unordered_map<std::string, int64_t> sums;
  std::string stack;
  const auto& samples = std::as_const(profile).samples;
  for (size_t row = 0; row < samples.size(); ++row) {
    stack.clear();
    const auto locations = samples.Stack(row);
    for (size_t i = locations.size(); i-- > 0;) {
      const auto frames = table.Frames(locations[i]);
      for (size_t frame = frames.size(); frame-- > 0;) {
        if (!stack.empty()) stack += ';';
        stack += names[frames[frame]];
      }
    }
    if (stack.empty()) stack = kNoStack;
    int64_t& sum = sums[stack];
    sum = WrapAdd(sum, Value(report->options(), samples.Values(row)));
  }
  std::vector<std::pair<std::string, int64_t>> lines(sums.begin(), sums.end());
  std::sort(lines.begin(), lines.end());
  for (const auto& [text, sum] : lines) {
    if (sum != 0) *out += text + " " + std::to_string(sum) + "\n";
  }
  return Status::Ok();
}

}  // namespace cpprof::report
