// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <cstdint>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

// The kernel's clock_gettime in the vDSO; null before InitializeClock or where
// there is none.
using VdsoClock = int (*)(clockid_t, timespec*);
extern constinit VdsoClock g_vdso_clock __attribute__((visibility("hidden")));

// At start. Async-signal-safe.
void InitializeClock();

// Async-signal-safe. Not by libc's clock_gettime: sanitizers and time fakers
// interpose it, and may not be ready when the first allocation comes. By the
// vDSO it takes 16 ns, which two readings for every contended lock can afford;
// by system call ten times that.
inline uint64_t MonotonicNanos() {
  timespec now{};
  if (g_vdso_clock == nullptr || g_vdso_clock(CLOCK_MONOTONIC, &now) != 0) {
    RawSyscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  }
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

// The same clock as of the kernel's last tick, which is 1 to 10 ms long, for 3 ns.
inline uint64_t CoarseNanos() {
  timespec now{};
  if (g_vdso_clock == nullptr || g_vdso_clock(CLOCK_MONOTONIC_COARSE, &now) != 0) {
    return MonotonicNanos();
  }
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
