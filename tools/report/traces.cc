// SPDX-License-Identifier: Apache-2.0
//
// traces: every sample with its labels and stack, in the order of the profile.
#include <algorithm>
#include <vector>

#include "tools/base/arithmetic.h"
#include "tools/base/strings.h"
#include "tools/graph/node_table.h"
#include "tools/measurement/measurement.h"
#include "tools/report/formats.h"
#include "tools/report/header.h"

namespace cpprof::report {
namespace {

constexpr std::string_view kSeparator =
    "-----------+-------------------------------------------------------\n";

// The labels of one kind, one line a key: "       key:  value value".
void WriteLabels(const Report& report, std::span<const profile::Label> labels, bool numeric,
                 std::string* out) {
  const profile::Profile& profile = report.profile();
  std::vector<std::string> lines;
  profile::StringId key = profile::kNone;
  for (const profile::Label& label : labels) {
    if (label.numeric != numeric) continue;
    const std::string name(profile.Text(label.key));
    const std::string value = numeric ? measurement::Label(label.number, report.LabelUnit(name))
                                      : std::string(profile.Text(label.text));
    if (label.key == key) {
      lines.back() += " " + value;
    } else {
      lines.push_back(PadLeft(name, 10) + ":  " + value);
      key = label.key;
    }
  }
  std::sort(lines.begin(), lines.end());
  for (const std::string& line : lines) *out += line + "\n";
}

int64_t SampleValue(const Report& report, std::span<const int64_t> values) {
  const graph::Weighting& weighting = report.options().weighting;
  const int64_t value = values[weighting.column];
  return weighting.mean && values[0] != 0 ? WrapDivide(value, values[0]) : value;
}

}  // namespace

Status WriteTraces(Report* report, std::string* out) {
  const profile::Profile& profile = report->profile();
  const graph::NodeTable table(profile, /*object_names=*/false);
  std::vector<std::string> names(table.size());
  for (graph::NodeIndex node = 0; node < table.size(); ++node) {
    names[node] = table.PrintableName(node);
  }
  *out += Join(ProfileHeader(*report), "\n") + "\n";
  for (size_t row = 0; row < profile.samples.size(); ++row) {
    const auto stack = profile.samples.Stack(row);
    if (stack.empty()) continue;
    *out += kSeparator;
    const auto labels = profile.samples.Labels(row);
    WriteLabels(*report, labels, /*numeric=*/false, out);
    WriteLabels(*report, labels, /*numeric=*/true, out);
    std::string value = report->FormatValue(SampleValue(*report, profile.samples.Values(row)));
    for (const profile::LocationIndex location : stack) {
      const auto frames = table.Frames(location);
      for (const graph::NodeIndex& node : frames) {
        *out += PadLeft(value, 10) + "   " + names[node] +
                (&node == &frames.back() ? "\n" : " (inline)\n");
        value.clear();
      }
    }
  }
  *out += kSeparator;
  return Status::Ok();
}

}  // namespace cpprof::report
