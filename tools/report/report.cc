// SPDX-License-Identifier: Apache-2.0
//
// See report.h.
#include "tools/report/report.h"

#include <utility>

#include "tools/base/arithmetic.h"
#include "tools/measurement/measurement.h"
#include "tools/profile/merge.h"

namespace cpprof::report {
namespace {

// What stands for "choose one unit for all values".
constexpr std::string_view kMinimum = "minimum";

// How much larger than the smallest value the total may be before a coarser unit is preferred.
constexpr int64_t kUnitSpread = 100;

}  // namespace

Report::Report(profile::Profile* profile, Options options)
    : profile_(profile), options_(std::move(options)), total_(ComputeTotal()) {}

int64_t Report::ComputeTotal() const {
  const profile::Samples& samples = profile_->samples;
  const profile::StringId base_key = profile_->Intern(profile::kDiffBaseKey);
  const profile::StringId base_value = profile_->Intern(profile::kDiffBaseValue);
  struct Sum {
    int64_t value = 0;
    int64_t divisor = 0;
  };
  Sum all;
  Sum base;
  for (size_t row = 0; row < samples.size(); ++row) {
    const auto values = std::as_const(samples).Values(row);
    const int64_t value = WrapAbs(values[options_.weighting.column]);
    const int64_t divisor = options_.weighting.mean ? values[0] : 0;
    all.value = WrapAdd(all.value, value);
    all.divisor = WrapAdd(all.divisor, divisor);
    for (const profile::Label& label : samples.Labels(row)) {
      if (label.numeric || label.key != base_key || label.text != base_value) continue;
      base.value = WrapAdd(base.value, value);
      base.divisor = WrapAdd(base.divisor, divisor);
      break;
    }
  }
  const Sum& total = base.value > 0 ? base : all;
  return total.divisor == 0 ? total.value : WrapDivide(total.value, total.divisor);
}

std::string Report::FormatValue(int64_t value) const {
  const double ratio = options_.ratio;
  if (ratio > 0 && ratio != 1) value = TruncateToInt(static_cast<double>(value) * ratio);
  return measurement::ScaledLabel(value, options_.sample_unit, options_.output_unit);
}

void Report::SelectOutputUnit(const graph::Graph& graph) {
  if (options_.output_unit != kMinimum || graph.order.empty()) return;
  int64_t smallest = 0;
  for (const graph::NodeIndex index : graph.order) {
    const graph::Node& node = graph.nodes[index];
    int64_t size = WrapAbs(node.FlatValue());
    if (size == 0) size = WrapAbs(node.CumValue());
    if (size > 0 && (smallest == 0 || size < smallest)) smallest = size;
  }
  int64_t largest = total_;
  if (smallest == 0) smallest = largest;
  const double ratio = options_.ratio;
  if (ratio > 0 && ratio != 1) {
    smallest = TruncateToInt(static_cast<double>(smallest) * ratio);
    largest = TruncateToInt(static_cast<double>(largest) * ratio);
  }
  const auto unit_of = [&](int64_t value) {
    return measurement::Scale(value, options_.sample_unit, kMinimum).unit;
  };
  std::string unit = unit_of(smallest);
  const int64_t spread = WrapMultiply(smallest, kUnitSpread);
  // Callgrind has integers only, so that a coarser unit would lose the small values.
  if (unit != unit_of(largest) && spread < largest && options_.layout != Layout::kCallgrind) {
    unit = unit_of(spread);
  }
  options_.output_unit = unit.empty() ? options_.sample_unit : unit;
}

std::string Report::LabelUnit(const std::string& key) const {
  const auto found = options_.label_units.find(key);
  return found == options_.label_units.end() ? "" : found->second;
}

}  // namespace cpprof::report
