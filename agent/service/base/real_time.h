// SPDX-License-Identifier: Apache-2.0
//
// A thread begins with the policy of the one that made it. In a program with
// real-time threads ours would compress profiles at their priority and keep them
// from their deadlines.
#pragma once

#include <sched.h>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::service {

// Makes the calling thread, one of ours, an ordinary one if it is a real-time one.
inline void LeaveRealTime() {
  constexpr long kDeadline = 6;  // SCHED_DEADLINE, which libc does not know
  const long policy = hot::RawSyscall(SYS_sched_getscheduler, 0);
  if (policy != SCHED_FIFO && policy != SCHED_RR && policy != kDeadline) return;
  const sched_param ordinary = {};
  hot::RawSyscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &ordinary);
}

}  // namespace pprofagent::service
