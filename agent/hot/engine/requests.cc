// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/requests.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <time.h>

#include <atomic>

#include "agent/hot/controls.h"
#include "agent/hot/engine/cpu.h"
#include "agent/hot/engine/ended_call.h"
#include "agent/hot/engine/safe_point.h"
#include "agent/hot/engine/signals.h"
#include "agent/hot/engine/termination.h"
#include "agent/hot/engine/thread.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/sandbox.h"

namespace pprofagent::hot {

namespace {

constinit std::atomic<uint32_t> g_pending{0};
constinit std::atomic<int> g_value{0};
// Counts wake-ups; what the helper sleeps on.
constinit std::atomic<uint32_t> g_wakeups{0};
constinit std::atomic<bool> g_running{false};
// It has been made and has not yet said that it runs.
constinit std::atomic<bool> g_launching{false};
constinit std::atomic<int32_t> g_helper_tid{0};
constinit std::atomic<bool> g_own_descriptors{false};
constinit std::atomic<int32_t> g_companion_tid{0};
constinit std::atomic<bool> g_retiring{false};
// One starter at a time, on any thread.
constinit std::atomic<bool> g_starting{false};
constinit std::atomic<StartHelper> g_starter{nullptr};
// A child of vfork has our memory, and its signals arrive here, but a thread
// it started would be its own.
constinit std::atomic<long> g_process{0};

constexpr long kRetryNanos = 20'000'000;
constexpr int kRetries = 500;
// Where the process is to end, which should not take long.
constexpr int kRetriesBeforeEnd = 25;
constinit std::atomic<int> g_retries_left{0};
// Its address marks the signals that our own retry timer sends.
constinit char g_retry_mark = 0;
constinit std::atomic<int> g_retry_timer{-1};
// What it sends; 0: none was needed yet.
constinit std::atomic<int> g_retry_signal{0};
// The process is to end by a signal: its handler must come back, wherever the
// helper is started meanwhile.
constinit std::atomic<bool> g_ending{false};

// Of the CPU profile that a sandbox ended; 0: none ran.
constinit std::atomic<int> g_cpu_rate_outside{0};

// What a timer that is gone has sent and this thread not yet got.
void DiscardHiddenSignals() {
  const uint64_t hidden = g_hidden_signals.load(std::memory_order_relaxed);
  if (hidden == 0) return;
  uint64_t before = 0;
  constexpr timespec kNoTime{0, 0};
  RawSyscall(SYS_rt_sigprocmask, SIG_BLOCK, &hidden, &before, sizeof(hidden));
  while (RawSyscall(SYS_rt_sigtimedwait, &hidden, nullptr, &kNoTime, sizeof(hidden)) > 0) {
  }
  RawSyscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof(before));
}

bool Wanted() {
  return !IsSandboxed() && g_pending.load(std::memory_order_relaxed) != 0 &&
         !g_running.load(std::memory_order_relaxed);
}

// At a point known to be safe. False: try again later.
bool StartNow() {
  const StartHelper starter = g_starter.load(std::memory_order_acquire);
  if (starter == nullptr) return false;
  if (g_starting.exchange(true, std::memory_order_acquire)) return false;
  bool started = true;
  if (!g_running.load(std::memory_order_acquire)) {
    const int saved_errno = errno;
    const Unrecorded unrecorded;
    started = starter();
    errno = saved_errno;
  }
  g_starting.store(false, std::memory_order_release);
  return started;
}

// False: not any more.
bool ArmRetry(int signal) {
  if (signal == 0) return false;
  if (g_retries_left.fetch_sub(1, std::memory_order_relaxed) <= 0) return false;
  int timer = g_retry_timer.load(std::memory_order_relaxed);
  if (timer < 0) {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal;
    event.sigev_value.sival_ptr = &g_retry_mark;
    event._sigev_un._tid = CurrentThreadId();
    if (IsSyscallError(RawSyscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer))) return false;
    g_retry_timer.store(timer, std::memory_order_relaxed);
  }
  itimerspec when{};
  when.it_value.tv_nsec = kRetryNanos;
  return !IsSyscallError(RawSyscall(SYS_timer_settime, timer, 0, &when, nullptr));
}

void DisarmRetry() {
  if (g_ending.load(std::memory_order_relaxed)) return;
  const int timer = g_retry_timer.exchange(-1, std::memory_order_relaxed);
  if (timer >= 0) RawSyscall(SYS_timer_delete, timer);
}

// False: somebody must try again.
bool TryStart(const void* ucontext) {
  if (t_state.guard == 0 && IsSafePoint(ucontext) && StartNow()) {
    DisarmRetry();
    return true;
  }
  t_state.bytes_until_sample = 0;
  return false;
}

bool IsGone(int32_t thread) {
  return RawSyscall(SYS_tgkill, g_process.load(std::memory_order_relaxed), thread, 0) != 0;
}

// Whether libc can give both threads another identity with the same result: a program
// may have changed the capabilities of its own one, or what becomes of them.
bool HasSameCapabilities(int32_t thread) {
  struct Header {
    uint32_t version;
    int32_t tid;
  };
  struct Capabilities {
    uint64_t words[3];
    bool operator==(const Capabilities&) const = default;
  };
  constexpr uint32_t kVersion3 = 0x20080522;
  Header own = {kVersion3, 0};
  Header other = {kVersion3, thread};
  Capabilities of_own = {};
  Capabilities of_other = {};
  return RawSyscall(SYS_prctl, PR_GET_SECUREBITS) == 0 &&
         RawSyscall(SYS_capget, &own, &of_own) == 0 &&
         RawSyscall(SYS_capget, &other, &of_other) == 0 && of_own == of_other;
}

void Wake();

// For two seconds at the most.
template <typename Condition>
void EndHelperUntil(const Condition& condition) {
  constexpr timespec kMillisecond{0, 1'000'000};
  g_retiring.store(true, std::memory_order_release);
  for (int i = 0; i < 2000 && !condition(); ++i) {
    Wake();
    RawSyscall(SYS_nanosleep, &kMillisecond, nullptr);
  }
  g_retiring.store(false, std::memory_order_relaxed);
}

void Wake() {
  g_wakeups.fetch_add(1, std::memory_order_release);
  RawSyscall(SYS_futex, &g_wakeups, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

bool IsRetry(const siginfo_t* info) {
  return info->si_code == SI_TIMER && info->si_value.sival_ptr == &g_retry_mark;
}

bool OnRetrySignal(int signal, siginfo_t* info, void* ucontext);

int RetrySignal() {
  if (g_retry_signal.load(std::memory_order_relaxed) == 0) {
    g_retry_signal.store(ClaimRealTimeSignal(OnRetrySignal, Meanwhile::kBlockAll),
                         std::memory_order_relaxed);
  }
  return g_retry_signal.load(std::memory_order_relaxed);
}

void WakeOrStart(void* ucontext) {
  if (g_running.load(std::memory_order_acquire)) {
    Wake();
  } else if (Wanted() && !TryStart(ucontext)) {
    ArmRetry(RetrySignal());
  }
}

bool OnRetrySignal(int signal, siginfo_t* info, void* ucontext) {
  if (!IsRetry(info)) return false;
  if (IsSandboxed()) return true;
  if (IsThisProcess()) WakeOrStart(ucontext);
  UndoInterruptionBy(signal, ucontext);
  return true;
}

}  // namespace

void OnRequestSignal(uint32_t request, int signal, siginfo_t* info, void* ucontext) {
  if (IsSandboxed()) return;
  if (IsThisProcess()) {
    g_value.store(info->si_code == SI_QUEUE ? info->si_value.sival_int : 0,
                  std::memory_order_relaxed);
    g_pending.fetch_or(request, std::memory_order_release);
    g_retries_left.store(kRetries, std::memory_order_relaxed);
    WakeOrStart(ucontext);
  }
  UndoInterruptionBy(signal, ucontext);
}

bool IsThisProcess() { return RawSyscall(SYS_getpid) == g_process.load(std::memory_order_relaxed); }

BeforeEnd RequestBeforeEnd(int signal, const siginfo_t* info, void* ucontext) {
  if (!IsRetry(info) &&
      (g_pending.fetch_or(kRequestEnd, std::memory_order_release) & kRequestEnd) == 0) {
    // The timer of another request would call another signal's handler.
    DisarmRetry();
    g_ending.store(true, std::memory_order_relaxed);
    g_retries_left.store(kRetriesBeforeEnd, std::memory_order_relaxed);
  }
  if (g_running.load(std::memory_order_acquire)) {
    Wake();
    // To wait here is to keep whatever the interrupted code holds: not the lock of
    // an arena that the helper may need.
    if (IsSafePoint(ucontext)) return BeforeEnd::kUnderWay;
  } else if (TryStart(ucontext)) {
    return BeforeEnd::kUnderWay;
  }
  return ArmRetry(signal) ? BeforeEnd::kLater : BeforeEnd::kNever;
}

void StartHelperIfWanted() {
  if (Wanted() && t_state.guard == 0 && StartNow()) DisarmRetry();
}

void StartHelperForThreads() {
  if (!IsSandboxed() && !g_running.load(std::memory_order_relaxed) && t_state.guard == 0)
    StartNow();
}

bool SandboxBegins() {
  if (RawSyscall(SYS_getpid) != g_process.load(std::memory_order_relaxed)) return false;
  if (IsSandboxed()) return false;
  StopTermination();
  // The filter may come to all threads at once, and the helper's system calls
  // are none that it was made for.
  RetireHelper();
  // A signal of ours would take a system call that the filter may forbid, if only to
  // return from the handler.
  g_cpu_rate_outside.store(CpuEngineRunning() ? CpuEngineRate() : 0, std::memory_order_relaxed);
  StopCpuEngine();
  DisarmRetry();
  DiscardHiddenSignals();
  if (g_sandboxed.exchange(true, std::memory_order_relaxed)) return false;
  // Another thread's request may have started it again.
  RetireHelper();
  return true;
}

void SandboxFailed() {
  g_sandboxed.store(false, std::memory_order_relaxed);
  ResumeTermination();
  if (const int rate = g_cpu_rate_outside.load(std::memory_order_relaxed)) StartCpuEngine(rate);
  MakeRequest(kRequestHelper);
}

void InitializeRequests() { g_process.store(RawSyscall(SYS_getpid), std::memory_order_relaxed); }

void RetireHelper() {
  if (!g_running.load(std::memory_order_acquire)) return;
  EndHelperUntil([helper = HelperThread()] { return IsGone(helper); });
}

bool SingleThreadWanted() {
  if (IsSandboxed() || ProgramHasThreads() || !IsThisProcess() || HelperIsAbsent()) return false;
  EndHelperUntil(HelperIsAbsent);
  return true;
}

void SingleThreadDone() {
  MakeRequest(kRequestHelper);
  if (HelperIsRunning()) return;
  // The program may never allocate again.
  g_retries_left.store(kRetries, std::memory_order_relaxed);
  ArmRetry(RetrySignal());
}

bool IdentityChanges() {
  if (HelperIsAbsent() || IsSandboxed()) return false;
  return !HasSameCapabilities(HelperThread()) && SingleThreadWanted();
}

int32_t HelperThread() { return g_helper_tid.load(std::memory_order_relaxed); }

bool HelperIsRunning() { return g_running.load(std::memory_order_acquire); }

bool HelperIsAbsent() {
  return !g_launching.load(std::memory_order_acquire) && !HelperIsRunning() &&
         IsGone(HelperThread());
}

bool IsHelperThread(int32_t tid) {
  return g_running.load(std::memory_order_acquire) &&
         g_helper_tid.load(std::memory_order_relaxed) == tid;
}

bool HelperHasOwnDescriptors() { return g_own_descriptors.load(std::memory_order_relaxed); }

void SetHelperDescriptors(bool own) { g_own_descriptors.store(own, std::memory_order_relaxed); }

void ResetRequestsInChild() {
  InitializeRequests();
  g_pending.store(0, std::memory_order_relaxed);
  g_running.store(false, std::memory_order_relaxed);
  g_launching.store(false, std::memory_order_relaxed);
  g_helper_tid.store(0, std::memory_order_relaxed);
  g_starting.store(false, std::memory_order_relaxed);
  g_retiring.store(false, std::memory_order_relaxed);
  g_companion_tid.store(0, std::memory_order_relaxed);
  // POSIX timers are not inherited.
  g_retry_timer.store(-1, std::memory_order_relaxed);
  g_ending.store(false, std::memory_order_relaxed);
}

void MakeRequest(Request request) {
  g_pending.fetch_or(request, std::memory_order_release);
  if (g_running.load(std::memory_order_acquire)) {
    Wake();
  } else {
    t_state.bytes_until_sample = 0;
  }
}

uint32_t TakeRequests(int* value) {
  const uint32_t taken = g_pending.exchange(0, std::memory_order_acquire);
  *value = g_value.load(std::memory_order_relaxed);
  return taken;
}

void WaitForRequest(int64_t timeout_ns) {
  const uint32_t seen = g_wakeups.load(std::memory_order_acquire);
  if (g_pending.load(std::memory_order_acquire) != 0) return;
  const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
  RawSyscall(SYS_futex, &g_wakeups, FUTEX_WAIT_PRIVATE, seen, timeout_ns < 0 ? nullptr : &timeout,
             nullptr, 0);
}

void WakeHelper() { Wake(); }

uint32_t WakeCount() { return g_wakeups.load(std::memory_order_acquire); }

void WaitForWake(uint32_t seen) {
  while (WakeCount() == seen) {
    RawSyscall(SYS_futex, &g_wakeups, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
  }
}

void SetHelperCompanion(int32_t tid) { g_companion_tid.store(tid, std::memory_order_release); }
int32_t HelperCompanion() { return g_companion_tid.load(std::memory_order_acquire); }

void SetHelperStarter(StartHelper starter) { g_starter.store(starter, std::memory_order_release); }

void SetHelperRunning(bool running) {
  if (running) g_helper_tid.store(CurrentThreadId(), std::memory_order_relaxed);
  g_running.store(running, std::memory_order_release);
  if (running) g_launching.store(false, std::memory_order_release);
}

void SetHelperLaunching(bool launching) { g_launching.store(launching, std::memory_order_release); }

bool HelperMustEnd() { return g_retiring.load(std::memory_order_acquire); }

}  // namespace pprofagent::hot
