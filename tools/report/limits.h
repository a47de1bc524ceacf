// SPDX-License-Identifier: Apache-2.0
//
// Limits on what a function may cost, for builds that shall fail when a change makes the program
// slower. A limit is MEASURE=BOUND:
//
//     flat=20%       in the function itself, as a share of the report's total
//     cum=500ms      in it and all it called, absolute, in any unit that fits the samples
//     growth=10%     how much larger cum is than in the base profile, relative to that function's
//                    own value there (or absolute: growth=64MB)
//
// flat and cum are those of the report: with a base profile they are differences. Growth of what is
// below node_fraction of the base's total before and after is noise and never too much. What became
// less is never too much either.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"
#include "tools/report/report.h"

namespace cpprof::report {

struct Limit {
  enum class Measure { kFlat, kCum, kGrowth };

  Measure measure = Measure::kFlat;
  double bound = 0;
  bool is_percent = false;
  std::string unit;  // of an absolute bound; may be empty
  std::string text;  // as given
};

// "flat=20%,cum=500ms".
Result<std::vector<Limit>> ParseLimits(std::string_view text);

struct Excesses {
  // One for each function, as finely as the report tells them apart, and limit it is over; largest
  // first.
  std::vector<std::string> lines;
  // Whether there was any function to look at: limits on a function that is called otherwise now
  // limit nothing.
  bool any_function = false;
};

// Only functions that match options().symbol are limited, if there is one.
Result<Excesses> FindExcesses(Report* report, const std::vector<Limit>& limits);

}  // namespace cpprof::report
