// SPDX-License-Identifier: Apache-2.0
//
// Times and durations as the reference's language prints them; -raw and the report headers show
// them, and people compare these lines.
#pragma once

#include <cstdint>
#include <string>

namespace cpprof {

// Local time, "2024-04-05 19:34:38 UTC".
std::string HeaderTime(int64_t nanos_since_1970);
// Local time with what there is of fractions, "2024-04-05 19:34:38.123456789 +0000 UTC".
std::string FullTime(int64_t nanos_since_1970);
// "1m1.5s", "2.5ms", "0s".
std::string FullDuration(int64_t nanos);

}  // namespace cpprof
