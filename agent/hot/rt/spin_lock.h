// SPDX-License-Identifier: Apache-2.0
//
// A lock for the few rare writers of hot code (never taken in a signal handler
// or on a fast path). Nobody waits for ever: TryLock gives up after some
// hundred yields, and the caller drops what it came for.
#pragma once

#include <atomic>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

class SpinLock {
 public:
  bool TryLock() {
    for (int i = 0; i < 1000; ++i) {
      if (!held_.exchange(true, std::memory_order_acquire)) return true;
      if (i > 50) RawSyscall(SYS_sched_yield);
    }
    return false;
  }
  void Unlock() { held_.store(false, std::memory_order_release); }
  // In the child of a fork, where the holder does not exist any more.
  void Reset() { held_.store(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool> held_{false};
};

}  // namespace pprofagent::hot
