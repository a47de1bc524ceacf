// SPDX-License-Identifier: Apache-2.0
//
// See tag_filter.h.
#include "tools/driver/tag_filter.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "tools/base/regexp.h"
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"

namespace cpprof::driver {
namespace {

using profile::Label;
using profile::Profile;

struct Range {
  std::string unit;  // canonical
  std::optional<double> low;
  std::optional<double> high;

  bool Contains(int64_t value, std::string_view from_unit) const {
    const measurement::Scaled scaled = measurement::Scale(value, from_unit, unit);
    return scaled.unit == unit && (!low || scaled.value >= *low) &&
           (!high || scaled.value <= *high);
  }
};

// A number with a unit: "+32kb".
struct Bound {
  int64_t number = 0;
  std::string_view unit;
};

std::optional<Bound> ParseBound(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  size_t letters = text.size();
  while (letters > 0 && is_letter(text[letters - 1])) --letters;
  const std::optional<int64_t> number = ParseInt(text.substr(0, letters));
  if (!number) return std::nullopt;
  return Bound{*number, text.substr(letters)};
}

std::optional<Range> ParseRange(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  const bool open = colon != std::string_view::npos;
  const std::string_view second = open ? text.substr(colon + 1) : first;
  if (first.empty() && second.empty()) return std::nullopt;

  Range range;
  const std::optional<Bound> unit_bound = ParseBound(first.empty() ? second : first);
  if (!unit_bound) return std::nullopt;
  const measurement::Scaled scaled =
      measurement::Scale(unit_bound->number, unit_bound->unit, unit_bound->unit);
  range.unit = scaled.unit;
  if (!first.empty()) range.low = scaled.value;
  if (first.empty() || !open) range.high = scaled.value;
  if (first.empty() || second.empty() || !open) return range;

  const std::optional<Bound> high = ParseBound(second);
  if (!high) return std::nullopt;
  const measurement::Scaled scaled_high = measurement::Scale(high->number, high->unit, range.unit);
  if (scaled_high.unit != range.unit) return std::nullopt;
  range.high = scaled_high.value;
  return range;
}

class RangeFilter {
 public:
  RangeFilter(const Profile& profile, std::string key, Range range,
              std::map<std::string, std::string> units)
      : profile_(profile),
        key_(std::move(key)),
        range_(std::move(range)),
        units_(std::move(units)) {}

  bool operator()(std::span<const Label> labels) const {
    return std::any_of(labels.begin(), labels.end(), [&](const Label& label) {
      if (!label.numeric) return false;
      const std::string key(profile_.Text(label.key));
      if (!key_.empty() && key != key_) return false;
      const auto unit = units_.find(key);
      return range_.Contains(label.number, unit == units_.end() ? "" : unit->second);
    });
  }

 private:
  const Profile& profile_;
  std::string key_;
  Range range_;
  std::map<std::string, std::string> units_;
};

using Expressions = std::vector<std::shared_ptr<const re2::RE2>>;

class TextFilter {
 public:
  TextFilter(const Profile& profile, std::optional<std::string> key, Expressions expressions)
      : profile_(profile), key_(std::move(key)), expressions_(std::move(expressions)) {}

  bool operator()(std::span<const Label> labels) const {
    const auto matches = [&](const auto& expression) { return MatchesAny(labels, *expression); };
    if (key_) return std::any_of(expressions_.begin(), expressions_.end(), matches);
    return std::all_of(expressions_.begin(), expressions_.end(), matches);
  }

 private:
  bool MatchesAny(std::span<const Label> labels, const re2::RE2& expression) const {
    return std::any_of(labels.begin(), labels.end(), [&](const Label& label) {
      if (label.numeric) return false;
      const std::string_view key = profile_.Text(label.key);
      const std::string_view text = profile_.Text(label.text);
      if (key_) return key == *key_ && Matches(text, expression);
      return Matches(std::string(key).append(":").append(text), expression);
    });
  }

  const Profile& profile_;
  std::optional<std::string> key_;
  Expressions expressions_;
};

}  // namespace

Result<TagFilter> CompileTagFilter(std::string_view name, std::string_view expression,
                                   const Profile& profile,
                                   const std::map<std::string, std::string>& label_units,
                                   Notices* notices) {
  if (expression.empty()) return TagFilter();
  std::optional<std::string> key;
  const size_t equals = expression.find('=');
  if (equals != std::string_view::npos) {
    key = expression.substr(0, equals);
    expression.remove_prefix(equals + 1);
  }
  // "=x" is as good as no key.
  if (key && key->empty()) key.reset();
  if (std::optional<Range> range = ParseRange(expression)) {
    notices->Print(std::string(name) + ":Interpreted '" + std::string(expression) +
                   "' as range, not regexp");
    return TagFilter(RangeFilter(profile, key.value_or(""), std::move(*range), label_units));
  }
  Expressions expressions;
  for (const std::string_view part : Split(expression, ',')) {
    auto compiled = CompileRegexp(part);
    if (!compiled.ok()) {
      return compiled.status().Annotate("parsing " + std::string(name) + " regexp");
    }
    expressions.push_back(std::move(*compiled));
  }
  return TagFilter(TextFilter(profile, std::move(key), std::move(expressions)));
}

}  // namespace cpprof::driver
