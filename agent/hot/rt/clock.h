// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <cstdint>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

// Async-signal-safe. Not by libc's clock_gettime: sanitizers and time fakers
// interpose it, and may not be ready when the first allocation comes.
inline uint64_t MonotonicNanos() {
  timespec now{};
  RawSyscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

// The kernel's clock of a thread's CPU time (clock_getcpuclockid's encoding:
// linux/posix-timers.h, per thread, scheduler clock).
inline int32_t ThreadCpuClock(int32_t tid) {
  return static_cast<int32_t>((~static_cast<uint32_t>(tid)) << 3) | 6;
}

// CPU time of a thread of this process; 0 if it is gone.
inline uint64_t ThreadCpuNanos(int32_t tid) {
  timespec now{};
  if (IsSyscallError(RawSyscall(SYS_clock_gettime, ThreadCpuClock(tid), &now))) return 0;
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace pprofagent::hot
