// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/signals.h"

#include <errno.h>

#include <atomic>

#include "agent/hot/hooks.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/real.h"
#include "agent/hot/rt/spin_lock.h"

namespace pprofagent::hot {

namespace {

struct Claimed {
  std::atomic<int> signal;
  SignalEngine engine;
  WhenIgnored when_ignored;
  Meanwhile meanwhile;
  // The program's disposition, under `sequence` (odd: being written).
  std::atomic<uint32_t> sequence;
  struct sigaction program;
};

// The dump signal, the CPU toggle, the CPU timer, and some to spare.
constexpr int kMaxClaimed = 12;
constinit Claimed g_claimed[kMaxClaimed] = {};
constinit SpinLock g_lock;
// The process whose dispositions these are.
constinit std::atomic<long> g_process{0};

Claimed* Find(int signal) {
  for (Claimed& c : g_claimed) {
    if (c.signal.load(std::memory_order_acquire) == signal) return &c;
  }
  return nullptr;
}

// All signals, the ones libc keeps for itself included.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    const uint64_t all = ~uint64_t{0};
    RawSyscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old_, sizeof(old_));
  }
  ~AllSignalsBlocked() {
    RawSyscall(SYS_rt_sigprocmask, SIG_SETMASK, &old_, nullptr, sizeof(old_));
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  uint64_t old_ = 0;
};

void Write(Claimed* claimed, const struct sigaction& action) {
  claimed->sequence.fetch_add(1, std::memory_order_acquire);
  claimed->program = action;
  claimed->sequence.fetch_add(1, std::memory_order_release);
}

// A writer is a few instructions long, has all signals blocked and is another
// thread; if it has lost its processor, giving it ours is the quickest way.
struct sigaction Read(Claimed* claimed) {
  for (;;) {
    const uint32_t before = claimed->sequence.load(std::memory_order_acquire);
    const struct sigaction action = claimed->program;
    // A write, so that what was read before it stays before it.
    const uint32_t after = claimed->sequence.fetch_add(0, std::memory_order_acq_rel);
    if ((before & 1) == 0 && after == before) {
      return action;
    }
    RawSyscall(SYS_sched_yield);
  }
}

bool HasHandler(const struct sigaction& action) {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

void RunProgramHandler(Claimed* claimed, int signal, siginfo_t* info, void* ucontext) {
  struct sigaction action = Read(claimed);
  if (!HasHandler(action)) return;
  if ((action.sa_flags & SA_RESETHAND) != 0) {
    struct sigaction reset = action;
    reset.sa_handler = SIG_DFL;
    ProgramSigaction(signal, &reset, nullptr);
  }
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(signal, info, ucontext);
  } else {
    action.sa_handler(signal);
  }
}

void Handler(int signal, siginfo_t* info, void* ucontext) {
  const int saved_errno = errno;
  Claimed* claimed = Find(signal);
  const bool done = claimed == nullptr || claimed->engine(signal, info, ucontext);
  errno = saved_errno;
  if (!done) RunProgramHandler(claimed, signal, info, ucontext);
}

bool IsIgnore(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
}

// What the kernel is told: our handler, under the program's terms.
int Install(int signal, const struct sigaction& program, const Claimed& claimed) {
  struct sigaction ours = program;
  if (IsIgnore(program) && claimed.when_ignored == WhenIgnored::kYield) {
    return g_real_other.sigaction(signal, &ours, nullptr);
  }
  ours.sa_sigaction = Handler;
  if (HasHandler(program)) {
    ours.sa_flags = (program.sa_flags | SA_SIGINFO) & ~static_cast<int>(SA_RESETHAND);
  } else {
    ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    if (claimed.meanwhile == Meanwhile::kBlockAll) {
      for (unsigned long& word : ours.sa_mask.__val) word = ~0ul;
    }
  }
  return g_real_other.sigaction(signal, &ours, nullptr);
}

bool IsOtherProcess() {
  return RawSyscall(SYS_getpid) != g_process.load(std::memory_order_relaxed);
}

// In a child that has our handlers without being ours.
int KernelSigaction(Claimed* claimed, int signal, const struct sigaction* action,
                    struct sigaction* old) {
  struct sigaction kernel;
  if (g_real_other.sigaction(signal, action, &kernel) != 0) return errno;
  if (old != nullptr) *old = kernel.sa_sigaction == Handler ? Read(claimed) : kernel;
  return 0;
}

// As the kernel keeps it: nothing blocks these two.
struct sigaction WithoutUnblockable(struct sigaction action) {
  sigdelset(&action.sa_mask, SIGKILL);
  sigdelset(&action.sa_mask, SIGSTOP);
  return action;
}

}  // namespace

bool Claim(int signal, SignalEngine engine, WhenIgnored when_ignored, Meanwhile meanwhile) {
  g_process.store(RawSyscall(SYS_getpid), std::memory_order_relaxed);
  struct sigaction before;
  if (Find(signal) != nullptr || g_real_other.sigaction(signal, nullptr, &before) != 0) {
    return false;
  }
  for (Claimed& c : g_claimed) {
    if (c.signal.load(std::memory_order_relaxed) != 0) continue;
    c.engine = engine;
    c.when_ignored = when_ignored;
    c.meanwhile = meanwhile;
    c.program = before;
    c.signal.store(signal, std::memory_order_release);
    if (Install(signal, before, c) == 0) return true;
    c.signal.store(0, std::memory_order_release);
    return false;
  }
  return false;
}

int FindFreeRealTimeSignal() {
  for (int signal = SIGRTMAX; signal >= SIGRTMIN; --signal) {
    struct sigaction action;
    if (Find(signal) == nullptr && g_real_other.sigaction(signal, nullptr, &action) == 0 &&
        (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL) {
      return signal;
    }
  }
  return 0;
}

void ResetSignalsInChild() {
  g_process.store(RawSyscall(SYS_getpid), std::memory_order_relaxed);
  g_lock.Reset();
  for (Claimed& c : g_claimed) c.sequence.store(0, std::memory_order_relaxed);
}

bool ProgramHandles(int signal) {
  Claimed* claimed = Find(signal);
  if (claimed == nullptr) return false;
  const struct sigaction action = Read(claimed);
  return (action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != SIG_DFL;
}

bool IsClaimedSignal(int signal) { return signal > 0 && Find(signal) != nullptr; }

int ProgramSigaction(int signal, const struct sigaction* action, struct sigaction* old) {
  Claimed* claimed = Find(signal);
  if (claimed == nullptr) return EINVAL;
  if (IsOtherProcess()) {
    const int saved_errno = errno;
    const int error = KernelSigaction(claimed, signal, action, old);
    errno = saved_errno;
    return error;
  }
  // Both are copied with signals on: the pointers are the program's and may be
  // bad, and then the fault must look as it always does.
  struct sigaction wanted;
  if (action != nullptr) wanted = WithoutUnblockable(*action);
  struct sigaction before;
  {
    const AllSignalsBlocked blocked;
    // Holders have all signals blocked and soon are through. After fork the lock
    // is free, and a child by vfork does not get here.
    while (!g_lock.TryLock()) {
    }
    before = claimed->program;
    if (action != nullptr) {
      Write(claimed, wanted);
      Install(signal, wanted, *claimed);
    }
    g_lock.Unlock();
  }
  if (old != nullptr) *old = before;
  return 0;
}

}  // namespace pprofagent::hot
