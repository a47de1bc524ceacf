// SPDX-License-Identifier: Apache-2.0
//
// See limits.h.
#include "tools/report/limits.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "tools/base/arithmetic.h"
#include "tools/base/regexp.h"
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"
#include "tools/profile/merge.h"
#include "tools/report/source_files.h"

namespace cpprof::report {
namespace {

constexpr std::string_view kForms =
    "limits are flat=BOUND, cum=BOUND and growth=BOUND, separated by commas, a BOUND is as 20%, "
    "500ms or 64MB";

struct Excess {
  double size = 0;  // for the order
  std::string line;
};

// What a node costs, in the profile and in its base.
struct Cost {
  int64_t flat = 0;
  int64_t cum = 0;
  int64_t cum_before = 0;
  int64_t cum_after = 0;
};

std::optional<Limit::Measure> MeasureOf(std::string_view name) {
  if (name == "flat") return Limit::Measure::kFlat;
  if (name == "cum") return Limit::Measure::kCum;
  if (name == "growth") return Limit::Measure::kGrowth;
  return std::nullopt;
}

Result<Limit> ParseLimit(std::string_view text) {
  const auto wrong = [&] {
    return Status::Error(Quote(text) + " is no limit: " + std::string(kForms));
  };
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return wrong();
  const auto measure = MeasureOf(TrimSpace(text.substr(0, equals)));
  const std::string_view bound = TrimSpace(text.substr(equals + 1));
  const size_t digits = std::min(bound.find_first_not_of("0123456789."), bound.size());
  const std::optional<double> number = ParseDouble(bound.substr(0, digits));
  if (!measure || !number || !std::isfinite(*number)) return wrong();
  Limit limit{.measure = *measure, .bound = *number, .text = std::string(text)};
  limit.unit = TrimSpace(bound.substr(digits));
  limit.is_percent = limit.unit == "%";
  const bool is_word =
      limit.unit.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*") ==
      std::string::npos;
  if (!limit.is_percent && !is_word) return wrong();
  return limit;
}

class Checker {
 public:
  explicit Checker(Report* report) : report_(*report), profile_(report->profile()) {
    TrimFileNames(&profile_, report->options().trim_path, report->options().source_path);
    table_ = std::make_shared<const graph::NodeTable>(profile_, /*object_names=*/false);
    costs_.resize(table_->size());
    Add(profile_, [](Cost* cost, const graph::Node& node) {
      cost->flat = node.FlatValue();
      cost->cum = node.CumValue();
    });
  }

  Status Check(const Limit& limit, Excesses* all) {
    Status status = CheckUnit(limit);
    if (!status.ok()) return status;
    if (limit.measure == Limit::Measure::kGrowth && !split_) Split();
    std::vector<Excess> excesses;
    const re2::RE2* symbol = report_.options().symbol.get();
    for (graph::NodeIndex node = 0; node < costs_.size(); ++node) {
      const std::string name = table_->PrintableName(node);
      if (symbol != nullptr && !Matches(name, *symbol)) continue;
      all->any_function = true;
      std::optional<Excess> excess = limit.measure == Limit::Measure::kGrowth
                                         ? CheckGrowth(limit, costs_[node])
                                         : CheckValue(limit, costs_[node]);
      if (!excess) continue;
      excess->line = name + ": " + excess->line + ", limit " + limit.text;
      excesses.push_back(std::move(*excess));
    }
    std::stable_sort(excesses.begin(), excesses.end(),
                     [](const Excess& a, const Excess& b) { return a.size > b.size; });
    for (Excess& excess : excesses) all->lines.push_back(std::move(excess.line));
    return Status::Ok();
  }

 private:
  template <typename Set>
  void Add(const profile::Profile& profile, Set&& set) {
    graph::BuildOptions options;
    options.weighting = report_.options().weighting;
    options.edges = graph::Edges::kNone;
    const graph::Graph graph = graph::Build(profile, table_, options);
    for (const graph::NodeIndex node : graph.order) {
      set(&costs_[graph.nodes[node].info], graph.nodes[node]);
    }
  }

  // The samples of the base are labelled, and negative.
  void Split() {
    split_ = true;
    const profile::StringId key = profile_.Intern(profile::kDiffBaseKey);
    const auto is_base = [&](const profile::Profile& profile, size_t row) {
      const auto labels = profile.samples.Labels(row);
      return std::any_of(labels.begin(), labels.end(), [&](const profile::Label& label) {
        return label.key == key && !label.numeric;
      });
    };
    profile::Profile before = profile_;
    std::vector<char> base(before.samples.size());
    for (size_t row = 0; row < base.size(); ++row) base[row] = is_base(before, row);
    before.samples.Retain([&](size_t row) { return base[row] != 0; });
    Add(before, [](Cost* cost, const graph::Node& node) {
      cost->cum_before = WrapMultiply(node.CumValue(), -1);
    });
    profile::Profile after = profile_;
    after.samples.Retain([&](size_t row) { return base[row] == 0; });
    Add(after, [](Cost* cost, const graph::Node& node) { cost->cum_after = node.CumValue(); });
  }

  Status CheckUnit(const Limit& limit) const {
    const std::string& unit = report_.options().sample_unit;
    if (limit.is_percent || limit.unit.empty() || limit.unit == unit ||
        measurement::SameFamily(limit.unit, unit)) {
      return Status::Ok();
    }
    return Status::Error("limit " + limit.text + ": samples are in " + unit +
                         ", which cannot be converted to " + limit.unit);
  }

  // The value in the unit of the bound.
  double InUnitOf(const Limit& limit, int64_t value) const {
    const std::string& unit = report_.options().sample_unit;
    const double ratio = report_.options().ratio > 0 ? report_.options().ratio : 1;
    if (limit.unit.empty() || limit.unit == unit) return static_cast<double>(value) * ratio;
    return measurement::Scale(value, unit, limit.unit).value * ratio;
  }

  std::optional<Excess> CheckValue(const Limit& limit, const Cost& cost) const {
    const bool is_flat = limit.measure == Limit::Measure::kFlat;
    const int64_t value = is_flat ? cost.flat : cost.cum;
    if (value <= 0) return std::nullopt;
    const int64_t total = report_.total();
    const double percent =
        total == 0 ? 0 : static_cast<double>(value) / static_cast<double>(total) * 100;
    const bool over =
        limit.is_percent ? percent > limit.bound : InUnitOf(limit, value) > limit.bound;
    if (!over) return std::nullopt;
    return Excess{.size = static_cast<double>(value),
                  .line = std::string(is_flat ? "flat" : "cum") + StrFormat(" %.2f%% (", percent) +
                          report_.FormatValue(value) + " of " + report_.FormatValue(total) + ")"};
  }

  std::optional<Excess> CheckGrowth(const Limit& limit, const Cost& cost) const {
    const int64_t before = cost.cum_before;
    const int64_t after = cost.cum_after;
    const double floor = static_cast<double>(report_.total()) * report_.options().node_fraction;
    if (after <= before || static_cast<double>(std::max(before, after)) < floor) {
      return std::nullopt;
    }
    const std::string change =
        " (from " + report_.FormatValue(before) + " to " + report_.FormatValue(after) + ")";
    const double difference = static_cast<double>(after) - static_cast<double>(before);
    if (!limit.is_percent) {
      if (InUnitOf(limit, WrapAdd(after, WrapMultiply(before, -1))) <= limit.bound)
        return std::nullopt;
      return Excess{.size = difference,
                    .line = "growth " +
                            report_.FormatValue(WrapAdd(after, WrapMultiply(before, -1))) + change};
    }
    if (before <= 0) {
      return Excess{.size = difference,
                    .line = "growth from nothing to " + report_.FormatValue(after)};
    }
    const double percent = difference / static_cast<double>(before) * 100;
    if (percent <= limit.bound) return std::nullopt;
    return Excess{.size = difference, .line = StrFormat("growth %.2f%%", percent) + change};
  }

  const Report& report_;
  profile::Profile& profile_;
  std::shared_ptr<const graph::NodeTable> table_;
  std::vector<Cost> costs_;  // by node of the table
  bool split_ = false;
};

}  // namespace

Result<std::vector<Limit>> ParseLimits(std::string_view text) {
  std::vector<Limit> limits;
  for (const std::string_view part : Split(text, ',')) {
    Result<Limit> limit = ParseLimit(TrimSpace(part));
    if (!limit.ok()) return limit.status();
    limits.push_back(std::move(*limit));
  }
  return limits;
}

Result<Excesses> FindExcesses(Report* report, const std::vector<Limit>& limits) {
  Checker checker(report);
  Excesses excesses;
  for (const Limit& limit : limits) {
    Status status = checker.Check(limit, &excesses);
    if (!status.ok()) return status;
  }
  return excesses;
}

}  // namespace cpprof::report
