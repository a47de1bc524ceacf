// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/perf_event.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

namespace {

long Open(int32_t tid, uint64_t period, bool kernel_time) {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof(attributes);
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  attributes.sample_period = period;
  attributes.disabled = 1;
  attributes.exclude_kernel = kernel_time ? 0 : 1;
  attributes.exclude_hv = 1;
  attributes.wakeup_events = 1;
  constexpr int kAnyProcessor = -1;
  constexpr int kNoGroup = -1;
  return RawSyscall(SYS_perf_event_open, &attributes, tid, kAnyProcessor, kNoGroup,
                    PERF_FLAG_FD_CLOEXEC);
}

// To whom, by which signal.
long DirectSignal(long descriptor, int32_t tid, int signal) {
  f_owner_ex owner{};
  owner.type = F_OWNER_TID;
  owner.pid = tid;
  long result = RawSyscall(SYS_fcntl, descriptor, F_SETOWN_EX, &owner);
  if (!IsSyscallError(result)) result = RawSyscall(SYS_fcntl, descriptor, F_SETSIG, signal);
  if (!IsSyscallError(result)) {
    result = RawSyscall(SYS_fcntl, descriptor, F_SETFL, O_ASYNC | O_NONBLOCK);
  }
  return result;
}

}  // namespace

PerfEvent OpenPerfEvent(int32_t tid, uint64_t period, int signal) {
  bool kernel_time = true;
  long descriptor = Open(tid, period, kernel_time);
  if (descriptor == -EACCES || descriptor == -EPERM) {
    kernel_time = false;
    descriptor = Open(tid, period, kernel_time);
  }
  if (!IsSyscallError(descriptor)) {
    const long result = DirectSignal(descriptor, tid, signal);
    if (IsSyscallError(result)) {
      ClosePerfEvent(static_cast<int>(descriptor));
      descriptor = result;
    }
  }
  return PerfEvent{static_cast<int>(descriptor), kernel_time};
}

void EnablePerfEvent(int descriptor) {
  RawSyscall(SYS_ioctl, descriptor, PERF_EVENT_IOC_ENABLE, 0);
}

void ClosePerfEvent(int descriptor) { RawSyscall(SYS_close, descriptor); }

}  // namespace pprofagent::hot
