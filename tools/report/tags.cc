// SPDX-License-Identifier: Apache-2.0
//
// tags: for each label key, how much of the samples has each of its values.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tools/base/arithmetic.h"
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"
#include "tools/report/formats.h"

namespace cpprof::report {
namespace {

using ValueSums = std::map<std::string, int64_t>;

std::map<std::string, ValueSums> SumLabels(const Report& report) {
  const profile::Profile& profile = report.profile();
  const Options& options = report.options();
  std::map<std::string, ValueSums> sums;
  for (size_t row = 0; profile.samples.has_labels() && row < profile.samples.size(); ++row) {
    const int64_t value = profile.samples.Values(row)[options.weighting.column];
    for (const profile::Label& label : profile.samples.Labels(row)) {
      const std::string key(profile.Text(label.key));
      const std::string text =
          label.numeric
              ? measurement::ScaledLabel(label.number, report.LabelUnit(key), options.output_unit)
              : std::string(profile.Text(label.text));
      int64_t& sum = sums[key][text];
      sum = WrapAdd(sum, value);
    }
  }
  return sums;
}

// The part of a table that belongs to one key. Columns are right-aligned, each one space wider than
// its widest cell: the key with nothing below it, then the values.
void WriteKey(const Report& report, const std::string& key, const ValueSums& sums,
              std::string* out) {
  const int64_t all = report.total();
  const auto share = [&](int64_t value) {
    return all == 0 ? "" : " (" + measurement::Percentage(value, all) + ")";
  };
  int64_t total = 0;
  for (const auto& [text, value] : sums) total = WrapAdd(total, value);
  std::vector<std::pair<std::string, int64_t>> rows(sums.begin(), sums.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return WrapAbs(a.second) > WrapAbs(b.second);
  });
  std::vector<std::string> cells;
  size_t width = 0;
  for (const auto& [text, value] : rows) {
    cells.push_back(report.FormatValue(value) + share(value) + ":");
    width = std::max(width, RuneCount(cells.back()) + 1);
  }
  *out += " " + key + ": Total " + report.FormatValue(total) + " of " + report.FormatValue(all) +
          share(total) + "\n";
  const std::string indent(RuneCount(key) + 2, ' ');
  for (size_t i = 0; i < rows.size(); ++i) {
    *out += indent + PadLeft(cells[i], width) + " " + rows[i].first + "\n";
  }
  *out += "\n";
}

}  // namespace

Status WriteTags(Report* report, std::string* out) {
  for (const auto& [key, sums] : SumLabels(*report)) WriteKey(*report, key, sums, out);
  return Status::Ok();
}

}  // namespace cpprof::report
