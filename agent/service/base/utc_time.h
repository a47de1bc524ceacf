// SPDX-License-Identifier: Apache-2.0
//
// Calendar time in UTC without libc, whose conversions all take one lock.
#pragma once

#include <cstdint>

namespace pprofagent::service {

struct UtcTime {
  int64_t year;
  int month;  // 1..12
  int day;    // 1..31
  int hour;
  int minute;
  int second;
};

// Gregorian, also before 1970.
UtcTime ToUtc(int64_t seconds_since_epoch);

}  // namespace pprofagent::service
