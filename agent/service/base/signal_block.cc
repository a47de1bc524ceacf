// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/signal_block.h"

#include <signal.h>
#include <time.h>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::service {
namespace {

constexpr SignalMask kWriteSignals = SignalBit(SIGXFSZ) | SignalBit(SIGPIPE);

SignalMask Pending() {
  SignalMask pending = 0;
  hot::RawSyscall(SYS_rt_sigpending, &pending, sizeof(pending));
  return pending;
}

}  // namespace

BlockSignals::BlockSignals(SignalMask mask) {
  hot::RawSyscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &previous_, sizeof(mask));
}

BlockSignals::~BlockSignals() {
  hot::RawSyscall(SYS_rt_sigprocmask, SIG_SETMASK, &previous_, nullptr, sizeof(previous_));
}

BlockWriteSignals::BlockWriteSignals() : pending_before_(Pending()), block_(kWriteSignals) {}

BlockWriteSignals::~BlockWriteSignals() {
  const timespec no_wait = {};
  SignalMask raised;
  while ((raised = Pending() & kWriteSignals & ~pending_before_) != 0) {
    if (hot::RawSyscall(SYS_rt_sigtimedwait, &raised, nullptr, &no_wait, sizeof(raised)) <= 0)
      break;
  }
}

}  // namespace pprofagent::service
