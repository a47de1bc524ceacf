// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/termination.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <time.h>

#include <atomic>

#include "agent/hot/controls.h"
#include "agent/hot/engine/requests.h"
#include "agent/hot/engine/signals.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/real.h"
#include "agent/hot/rt/sandbox.h"

namespace pprofagent::hot {

namespace {

constinit std::atomic<uint32_t> g_written{0};
// The signals that are ours, a bit each: the program's user may have given one of
// them another meaning (PPROFAGENT_SIGNAL).
constinit std::atomic<uint64_t> g_claimed{0};
// The signal that is to end the process; 0: none has come.
constinit std::atomic<int> g_ending_signal{0};
constexpr uint64_t kPatienceNanos = 10'000'000'000;

void WaitForFiles() {
  const uint64_t end = MonotonicNanos() + kPatienceNanos;
  while (g_written.load(std::memory_order_acquire) == 0) {
    const uint64_t now = MonotonicNanos();
    if (now >= end) return;
    const timespec left{static_cast<time_t>((end - now) / 1'000'000'000),
                        static_cast<long>((end - now) % 1'000'000'000)};
    RawSyscall(SYS_futex, &g_written, FUTEX_WAIT_PRIVATE, 0, &left, nullptr, 0);
  }
}

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGHUP};

void RestoreDefault(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  g_real_other.sigaction(signal, &action, nullptr);
}

// Does not return.
void EndBy(int signal) {
  RestoreDefault(signal);
  RawSyscall(SYS_tgkill, RawSyscall(SYS_getpid), CurrentThreadId(), signal);
  const uint64_t mask = uint64_t{1} << (signal - 1);
  RawSyscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, nullptr, sizeof(mask));
}

bool OnTerminatingSignal(int signal, siginfo_t* info, void* ucontext) {
  if (ProgramHandles(signal)) return false;
  if (IsSandboxed() || !IsThisProcess()) {
    EndBy(signal);
    return true;
  }
  if (g_written.load(std::memory_order_acquire) != 0) {
    EndBy(signal);
    return true;
  }
  g_ending_signal.store(signal, std::memory_order_relaxed);
  switch (RequestBeforeEnd(signal, info, ucontext)) {
    case BeforeEnd::kUnderWay:
      WaitForFiles();
      EndBy(signal);
      break;
    case BeforeEnd::kLater:
      break;
    case BeforeEnd::kNever:
      EndBy(signal);
      break;
  }
  return true;
}

}  // namespace

void StartTermination() {
  for (const int signal : kSignals) {
    if (Claim(signal, OnTerminatingSignal, WhenIgnored::kYield)) {
      g_claimed.fetch_or(uint64_t{1} << signal, std::memory_order_relaxed);
    }
  }
}

void ResetTerminationInChild() { g_ending_signal.store(0, std::memory_order_relaxed); }

void StopTermination() {
  const uint64_t claimed = g_claimed.load(std::memory_order_relaxed);
  const int saved_errno = errno;
  for (const int signal : kSignals) {
    const bool is_ours = (claimed >> signal & 1) != 0;
    if (is_ours && !ProgramHandles(signal)) RestoreDefault(signal);
  }
  errno = saved_errno;
}

void ResumeTermination() {
  const uint64_t claimed = g_claimed.load(std::memory_order_relaxed);
  for (const int signal : kSignals) {
    if ((claimed >> signal & 1) != 0 && !ProgramHandles(signal)) InstallAgain(signal);
  }
}

void EndByPendingSignal() {
  const int signal = g_ending_signal.load(std::memory_order_relaxed);
  if (signal != 0 && IsThisProcess()) EndBy(signal);
}

void EndFilesWritten() {
  g_written.store(1, std::memory_order_release);
  RawSyscall(SYS_futex, &g_written, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

}  // namespace pprofagent::hot
