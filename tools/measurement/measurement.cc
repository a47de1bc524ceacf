// SPDX-License-Identifier: Apache-2.0
//
// See measurement.h.
#include "tools/measurement/measurement.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include "tools/base/strings.h"

namespace cpprof::measurement {
namespace {

struct Unit {
  std::string_view name;
  std::array<std::string_view, 3> aliases;  // lower case, singular; "" are unused
  double factor;
};

struct Family {
  std::span<const Unit> units;
  std::string_view default_name;
  double default_factor;
};

constexpr double kKilo = 1024;

constexpr Unit kMemory[] = {
    {"B", {"b", "byte", ""}, 1},
    {"kB", {"kb", "kbyte", "kilobyte"}, kKilo},
    {"MB", {"mb", "mbyte", "megabyte"}, kKilo* kKilo},
    {"GB", {"gb", "gbyte", "gigabyte"}, kKilo* kKilo* kKilo},
    {"TB", {"tb", "tbyte", "terabyte"}, kKilo* kKilo* kKilo* kKilo},
    {"PB", {"pb", "pbyte", "petabyte"}, kKilo* kKilo* kKilo* kKilo* kKilo},
};

constexpr Unit kTime[] = {
    {"ns", {"ns", "nanosecond", ""}, 1},    {"us", {"\xce\xbcs", "us", "microsecond"}, 1e3},
    {"ms", {"ms", "millisecond", ""}, 1e6}, {"s", {"s", "sec", "second"}, 1e9},
    {"hrs", {"hour", "hr", ""}, 3600e9},
};

constexpr Unit kCompute[] = {
    {"n*GCU", {"nanogcu", "", ""}, 1e-9},  {"u*GCU", {"microgcu", "", ""}, 1e-6},
    {"m*GCU", {"milligcu", "", ""}, 1e-3}, {"GCU", {"gcu", "", ""}, 1},
    {"k*GCU", {"kilogcu", "", ""}, 1e3},   {"M*GCU", {"megagcu", "", ""}, 1e6},
    {"G*GCU", {"gigagcu", "", ""}, 1e9},   {"T*GCU", {"teragcu", "", ""}, 1e12},
    {"P*GCU", {"petagcu", "", ""}, 1e15},
};

constexpr Family kFamilies[] = {{kMemory, "B", 1}, {kTime, "s", 1e9}, {kCompute, "GCU", 1}};

const Unit* FindUnit(const Family& family, std::string_view name) {
  std::string alias = AsciiLower(name);
  if (alias.size() > 2 && alias.back() == 's') alias.pop_back();
  if (alias.empty()) return nullptr;
  for (const Unit& unit : family.units) {
    if (std::find(unit.aliases.begin(), unit.aliases.end(), alias) != unit.aliases.end()) {
      return &unit;
    }
  }
  return nullptr;
}

// printf's %.2f and %.2g; a report has several a line, and printf takes three times as long.
std::string Fixed(double value) {
  std::array<char, 512> text;
  const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed, 2).ptr;
  return {text.begin(), end};
}

std::string Significant(double value) {
  std::array<char, 64> text;
  const auto end =
      std::to_chars(text.begin(), text.end(), value, std::chars_format::general, 2).ptr;
  return {text.begin(), end};
}

bool IsAutomatic(std::string_view unit) { return unit == "minimum" || unit == "auto"; }

Scaled ScaleWithin(const Family& family, double base_value, std::string_view to_unit) {
  if (IsAutomatic(to_unit)) {
    const Unit* best = nullptr;
    for (const Unit& unit : family.units) {
      if (base_value / unit.factor >= 1.0) best = &unit;
    }
    if (best != nullptr) return {base_value / best->factor, std::string(best->name)};
  } else if (const Unit* unit = FindUnit(family, to_unit)) {
    return {base_value / unit->factor, std::string(unit->name)};
  }
  return {base_value / family.default_factor, std::string(family.default_name)};
}

}  // namespace

Scaled Scale(int64_t value, std::string_view from_unit, std::string_view to_unit) {
  // The most negative number has no positive counterpart and is converted as it is.
  if (value < 0 && value != INT64_MIN) {
    Scaled scaled = Scale(-value, from_unit, to_unit);
    scaled.value = -scaled.value;
    return scaled;
  }
  for (const Family& family : kFamilies) {
    if (const Unit* unit = FindUnit(family, from_unit)) {
      return ScaleWithin(family, static_cast<double>(value) * unit->factor, to_unit);
    }
  }
  const bool is_count =
      to_unit == "count" || to_unit == "sample" || to_unit == "unit" || IsAutomatic(to_unit);
  return {static_cast<double>(value), is_count ? "" : std::string(to_unit)};
}

std::string ScaledLabel(int64_t value, std::string_view from_unit, std::string_view to_unit) {
  const Scaled scaled = Scale(value, from_unit, to_unit);
  std::string text = Fixed(scaled.value);
  if (text.size() > 3 && text.compare(text.size() - 3, 3, ".00") == 0) text.resize(text.size() - 3);
  if (text == "0" || text == "-0") return "0";
  return text + scaled.unit;
}

std::string Label(int64_t value, std::string_view unit) { return ScaledLabel(value, unit, "auto"); }

std::string Percentage(int64_t value, int64_t total) {
  double ratio = 0;
  if (total != 0) ratio = std::fabs(static_cast<double>(value) / static_cast<double>(total)) * 100;
  if (ratio >= 99.95 && ratio <= 100.05) return "  100%";
  if (ratio >= 1.0) return PadLeft(Fixed(ratio), 5) + "%";
  return PadLeft(Significant(ratio), 5) + "%";
}

bool SameFamily(std::string_view a, std::string_view b) {
  return std::any_of(std::begin(kFamilies), std::end(kFamilies), [&](const Family& family) {
    return FindUnit(family, a) != nullptr && FindUnit(family, b) != nullptr;
  });
}

}  // namespace cpprof::measurement
