// SPDX-License-Identifier: Apache-2.0
//
// The sleeping functions. Each is interposed by itself, because libc's do not
// call one another by name.
#include "preload/timed_call.h"

namespace pprofagent::preload {

PPROFAGENT_INTERPOSE unsigned sleep(unsigned seconds) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.sleep(seconds);
  return kTimedSleep<&hot::RealIo::sleep>(seconds);
}

PPROFAGENT_INTERPOSE int usleep(useconds_t microseconds) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.usleep(microseconds);
  return kTimedSleep<&hot::RealIo::usleep>(microseconds);
}

PPROFAGENT_INTERPOSE int nanosleep(const timespec* time, timespec* left) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.nanosleep(time, left);
  return kTimedSleep<&hot::RealIo::nanosleep>(time, left);
}

PPROFAGENT_INTERPOSE int clock_nanosleep(clockid_t clock, int flags, const timespec* time,
                                         timespec* left) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.clock_nanosleep(clock, flags, time, left);
  return kTimedSleep<&hot::RealIo::clock_nanosleep>(clock, flags, time, left);
}

PPROFAGENT_INTERPOSE int thrd_sleep(const timespec* time, timespec* left) {
  if (!hot::WatchingIo()) [[likely]]
    return g_real_io.thrd_sleep(time, left);
  return kTimedSleep<&hot::RealIo::thrd_sleep>(time, left);
}

}  // namespace pprofagent::preload
