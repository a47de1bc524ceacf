// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <cstdint>

namespace pprofagent::service {

inline int64_t ReadClock(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Nanoseconds since the epoch, as the calendar says.
inline int64_t WallClock() { return ReadClock(CLOCK_REALTIME); }

// Nanoseconds since some moment, never set back: for intervals.
inline int64_t MonotonicClock() { return ReadClock(CLOCK_MONOTONIC); }

}  // namespace pprofagent::service
