// SPDX-License-Identifier: Apache-2.0
//
// Values with units: converting, and writing them so that a person can read them. Three families of
// units are known (memory, time, and the compute unit GCU); a value of any other unit stays as it
// is.
//
// A target unit is a unit's name, or "minimum" or "auto": the largest unit in which the value is at
// least 1. A target outside the family of the value gives the family's default unit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cpprof::measurement {

struct Scaled {
  double value = 0;
  std::string unit;  // canonical: "kB", "ms"; "" for counts
};

Scaled Scale(int64_t value, std::string_view from_unit, std::string_view to_unit);

// "1.50kB": two decimals, none when they are 00, and plain "0" for zero.
std::string ScaledLabel(int64_t value, std::string_view from_unit, std::string_view to_unit);
// The same with the unit chosen for this value alone.
std::string Label(int64_t value, std::string_view unit);

// The share of `total` in six columns or more: " 1.25%", "  100%", "0.098%". The sign is not shown.
std::string Percentage(int64_t value, int64_t total);

// Whether both units are of one family, so that values can be converted.
bool SameFamily(std::string_view a, std::string_view b);

}  // namespace cpprof::measurement
