// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/utc_time.h"

#include <chrono>

namespace pprofagent::service {

UtcTime ToUtc(int64_t seconds_since_epoch) {
  const std::chrono::sys_seconds time{std::chrono::seconds{seconds_since_epoch}};
  const std::chrono::sys_days midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{midnight};
  const int64_t second = (time - midnight).count();
  return {.year = int{date.year()},
          .month = static_cast<int>(unsigned{date.month()}),
          .day = static_cast<int>(unsigned{date.day()}),
          .hour = static_cast<int>(second / 3600),
          .minute = static_cast<int>(second / 60 % 60),
          .second = static_cast<int>(second % 60)};
}

}  // namespace pprofagent::service
