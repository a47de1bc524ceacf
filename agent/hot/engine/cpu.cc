// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/cpu.h"

#include <errno.h>
#include <signal.h>
#include <sys/auxv.h>
#include <time.h>

#include <atomic>

#include "agent/hot/controls.h"
#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/cpu_arming.h"
#include "agent/hot/engine/ended_call.h"
#include "agent/hot/engine/requests.h"
#include "agent/hot/engine/signals.h"
#include "agent/hot/engine/thread.h"
#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/task_list.h"
#include "agent/hot/store/cpu_buckets.h"

namespace pprofagent::hot {

namespace {

constexpr uint64_t kSecond = 1'000'000'000;

constinit std::atomic<int> g_signal{0};
// The running session's number; 0: none. Numbers are never used twice.
constinit std::atomic<uint32_t> g_session{0};
constinit std::atomic<uint32_t> g_last_session{0};
constinit std::atomic<uint64_t> g_period{0};
constinit std::atomic<uint64_t> g_booked{0};
constinit std::atomic<uint64_t> g_refused{0};
// Where the main thread began: the executable's entry point.
constinit std::atomic<uintptr_t> g_main_start{0};

// The next timer's phase, as a fraction of 2^64 (NextFirstExpiry).
constinit std::atomic<uint64_t> g_phase{0};

// A tick's worth of expirations may be on its way at any moment; more than this
// is missing only in a thread that blocks the signal.
constexpr uint64_t kBlockedNanos = 50'000'000;

void AddSample(const StackRecord* stack, uint64_t expirations) {
  if (stack == nullptr) return;
  CpuBucket* bucket = FindCpuBucket(stack);
  if (bucket == nullptr) {
    CountStoreFull();
    return;
  }
  bucket->count.fetch_add(expirations, std::memory_order_relaxed);
  bucket->nanoseconds.fetch_add(expirations * g_period.load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
}

// The record whose event it is, which sends signals to its thread only.
ThreadRecord* RecordOfEvent(const siginfo_t* info) {
  const int32_t tid = CurrentThreadId();
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    if (r->tid.load(std::memory_order_relaxed) == tid) {
      return r->perf_event.load(std::memory_order_relaxed) == info->si_fd + 1 ? r : nullptr;
    }
  }
  return nullptr;
}

// The record the timer or event was made for; null: somebody else queued the
// signal.
ThreadRecord* RecordOfSignal(const siginfo_t* info) {
  if (info->si_code == POLL_IN || info->si_code == POLL_HUP) {
    ThreadRecord* own = t_state.record;
    const bool is_own = own != nullptr && own->perf_event.load() == info->si_fd + 1;
    return is_own ? own : RecordOfEvent(info);
  }
  if (info->si_code != SI_TIMER) return nullptr;
  const void* const record = info->si_value.sival_ptr;
  if (t_state.record == record) return t_state.record;
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    if (r == record) return r;
  }
  return nullptr;
}

// The helper made the record for this thread, which learns of it here. A thread
// made by clone may have no thread-local storage but its creator's; then the
// record is its own all the same. Otherwise the signal comes late, and the
// record is another thread's by now.
bool IsOwn(ThreadRecord* record) {
  if (t_state.record == record) return true;
  if (record->tid.load(std::memory_order_relaxed) != CurrentThreadId()) return false;
  if (t_state.record == nullptr && !t_state.finished) t_state.record = record;
  return true;
}

void TakeSample(ThreadRecord* record, const siginfo_t* info, const void* ucontext) {
  if (!IsOwn(record)) return;
  const uint32_t session = g_session.load(std::memory_order_acquire);
  if (session == 0 || record->cpu_session.load(std::memory_order_relaxed) != session) return;
  // An event says nothing of what it left out, the thread's clock does.
  const uint64_t expirations = info->si_code == SI_TIMER
                                   ? 1 + static_cast<uint64_t>(info->si_overrun)
                                   : MissingCpuExpirations(record);
  if (expirations == 0) return;
  record->cpu_expirations.fetch_add(expirations, std::memory_order_relaxed);
  AddSample(CaptureInterruptedStack(ucontext, record), expirations);
}

bool OnCpuSignal(int signal, siginfo_t* info, void* ucontext) {
  ThreadRecord* record = RecordOfSignal(info);
  // Nothing but events of ours comes from the kernel by this signal, some of them
  // late.
  const bool is_event = info->si_code > 0;
  if (record == nullptr && !is_event) return false;
  if (IsSandboxed()) return true;
  if (record != nullptr) TakeSample(record, info, ucontext);
  // Timers expire on the way back to the program and end no call; events do.
  if (is_event) UndoInterruptionBy(signal, ucontext);
  return true;
}

// The kernel's id of a new timer on the thread's clock; negative: refused.
int MakeTimer(ThreadRecord* record, int32_t tid) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = g_signal.load(std::memory_order_relaxed);
  event.sigev_value.sival_ptr = record;
  event._sigev_un._tid = tid;
  int timer = -1;
  const long result = RawSyscall(SYS_timer_create, ThreadCpuClock(tid), &event, &timer);
  return IsSyscallError(result) ? -1 : timer;
}

void StartTimer(int timer, uint64_t first, uint64_t period) {
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(first / kSecond);
  when.it_value.tv_nsec = static_cast<long>(first % kSecond);
  when.it_interval.tv_sec = static_cast<time_t>(period / kSecond);
  when.it_interval.tv_nsec = static_cast<long>(period % kSecond);
  RawSyscall(SYS_timer_settime, timer, 0, &when, nullptr);
}

// When a thread's timer expires first: anywhere in its first period. Not at random
// for each, which would make the sum over many threads that live for less than a
// period scatter like a coin's, but by steps of the golden ratio from a random
// start: any number of threads in a row, or every second or third of them, have
// their phases spread evenly (Weyl's equidistribution).
uint64_t NextFirstExpiry(uint64_t period) {
  constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
  const uint64_t phase = g_phase.fetch_add(kGoldenRatio, std::memory_order_relaxed);
  return 1 + static_cast<uint64_t>((static_cast<unsigned __int128>(phase) * period) >> 64);
}

// Gives the thread its timer, unless it has one of this session or somebody is
// at it. False: the kernel refused.
bool Arm(ThreadRecord* record, uint32_t session) {
  uint32_t current = record->cpu_session.load(std::memory_order_relaxed);
  if (current == session || current == kCpuArming ||
      !record->cpu_session.compare_exchange_strong(current, kCpuArming)) {
    return true;
  }
  const int32_t tid = record->tid.load(std::memory_order_relaxed);
  const int timer = tid != 0 ? MakeTimer(record, tid) : -1;
  if (timer < 0) {
    record->cpu_session.store(0);
    return false;
  }
  const uint64_t period = g_period.load(std::memory_order_relaxed);
  const uint64_t first = NextFirstExpiry(period);
  record->cpu_first_expiry = ThreadCpuNanos(tid) + first;
  record->cpu_expirations.store(0, std::memory_order_relaxed);
  record->cpu_timer.store(timer, std::memory_order_relaxed);
  record->by_perf.store(false);
  record->perf_unfit = false;
  record->cpu_session.store(session);
  StartTimer(timer, first, period);
  // A session that ends meanwhile either finds this record in its round or is
  // seen here: both sides write first and then look, in one order for all.
  if (g_session.load() != session) DisarmCpuTimer(record, session);
  return true;
}

void BookOnStart(const ThreadRecord* record, uint64_t expirations) {
  const uintptr_t start = record->start_routine != 0 ? record->start_routine
                                                     : g_main_start.load(std::memory_order_relaxed);
  if (expirations == 0 || start == 0) return;
  AddSample(CaptureSingleFrame(start, record), expirations);
  g_booked.fetch_add(expirations, std::memory_order_relaxed);
}

bool IsGone(int32_t tid) {
  return RawSyscall(SYS_tgkill, RawSyscall(SYS_getpid), tid, 0) == -ESRCH;
}

bool ArmThread(int32_t tid, void* session) {
  if (tid == CurrentThreadId() || IsHelperThread(tid) || tid == HelperCompanion()) return true;
  ThreadRecord* record = RecordOf(tid);
  if (record == nullptr || Arm(record, *static_cast<uint32_t*>(session))) return true;
  if (IsGone(tid)) {
    ReleaseRecordOf(tid, record);
  } else {
    g_refused.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

// The helper may be giving this thread, which is about to end, its timer.
void WaitForArming(const ThreadRecord* record) {
  while (record->cpu_session.load(std::memory_order_acquire) == kCpuArming) {
    RawSyscall(SYS_sched_yield);
  }
}

bool ClaimCpuSignal() {
  if (g_signal.load(std::memory_order_relaxed) != 0) return true;
  // What undoes the interruption of a call needs all others blocked. Where there is
  // nothing to undo, one that ends the same call is best delivered with it.
  const Meanwhile meanwhile = PerfEventsWanted() ? Meanwhile::kBlockAll : Meanwhile::kDeliver;
  const int signal = ClaimRealTimeSignal(OnCpuSignal, meanwhile);
  if (signal == 0) return false;
  g_signal.store(signal, std::memory_order_relaxed);
  g_main_start.store(getauxval(AT_ENTRY), std::memory_order_relaxed);
  return true;
}

// Whether the kernel (or a sandbox) lets us have such a timer at all.
bool TimersWork() {
  sigevent event{};
  event.sigev_notify = SIGEV_NONE;
  int timer = -1;
  if (IsSyscallError(
          RawSyscall(SYS_timer_create, ThreadCpuClock(CurrentThreadId()), &event, &timer))) {
    return false;
  }
  RawSyscall(SYS_timer_delete, timer);
  return true;
}

}  // namespace

uint32_t RunningCpuSession() { return g_session.load(std::memory_order_acquire); }
bool IsCpuSession(uint32_t session) { return g_session.load() == session; }
uint64_t CpuPeriod() { return g_period.load(std::memory_order_relaxed); }

void ArmAllTasks(uint32_t session) { ForEachTask(ArmThread, &session); }

bool DisarmCpuTimer(ThreadRecord* record, uint32_t session) {
  if (session == 0 || IsSandboxed() || !record->cpu_session.compare_exchange_strong(session, 0))
    return false;
  // Its event, if it has one, is closed by the helper.
  if (!record->by_perf.load()) DeleteCpuTimer(record);
  return true;
}

void DeleteCpuTimer(ThreadRecord* record) {
  RawSyscall(SYS_timer_delete, record->cpu_timer.load(std::memory_order_relaxed));
}

bool ReplaceCpuTimer(ThreadRecord* record) {
  const int timer = MakeTimer(record, record->tid.load(std::memory_order_relaxed));
  if (timer < 0) return false;
  record->cpu_timer.store(timer, std::memory_order_relaxed);
  StartTimer(timer, CpuPeriod(), CpuPeriod());
  return true;
}

uint64_t MissingCpuExpirations(const ThreadRecord* record) {
  const uint64_t now = ThreadCpuNanos(record->tid.load(std::memory_order_relaxed));
  if (now < record->cpu_first_expiry) return 0;
  const uint64_t earned = 1 + (now - record->cpu_first_expiry) / CpuPeriod();
  const uint64_t seen = record->cpu_expirations.load(std::memory_order_relaxed);
  return earned > seen ? earned - seen : 0;
}

CpuStart StartCpuEngine(int hz) {
  if (g_session.load(std::memory_order_acquire) != 0) return CpuStart::kAlreadyRunning;
  if (!ClaimCpuSignal()) return CpuStart::kNoSignal;
  if (!TimersWork()) return CpuStart::kNoTimer;
  g_period.store(kSecond / static_cast<uint64_t>(hz), std::memory_order_relaxed);
  Random random;
  random.Seed(MonotonicNanos());
  g_phase.store(random.Next(), std::memory_order_relaxed);
  uint32_t session = g_last_session.fetch_add(1, std::memory_order_relaxed) + 1;
  g_session.store(session);
  // The caller is a thread of the program, at work for the agent at the moment,
  // or the helper, which excluded itself and gets no record.
  if (!t_state.finished) FollowThisThread();
  ArmAllTasks(session);
  return CpuStart::kOk;
}

void StopCpuEngine() {
  const uint32_t session = g_session.exchange(0);
  if (session == 0) return;
  const uint64_t period = g_period.load(std::memory_order_relaxed);
  for (ThreadRecord* r = FirstRecord(); r != nullptr; r = r->next) {
    if (!DisarmCpuTimer(r, session)) continue;
    const uint64_t missing = MissingCpuExpirations(r);
    if (missing * period >= kBlockedNanos) BookOnStart(r, missing);
    // Made by clone: nobody else sees its end.
    const int32_t tid = r->tid.load(std::memory_order_relaxed);
    if (tid != 0 && IsGone(tid)) ReleaseRecordOf(tid, r);
  }
  TendCpuThreads();
}

bool CpuEngineRunning() { return g_session.load(std::memory_order_relaxed) != 0; }
int CpuEngineRate() {
  const uint64_t period = g_period.load(std::memory_order_relaxed);
  return period == 0 ? 0 : static_cast<int>((kSecond + period / 2) / period);
}
int CpuEngineSignal() { return g_signal.load(std::memory_order_relaxed); }

void CpuThreadBegins(ThreadRecord* record) {
  const uint32_t session = g_session.load(std::memory_order_acquire);
  if (session != 0 && !Arm(record, session)) g_refused.fetch_add(1, std::memory_order_relaxed);
}

void CpuThreadEnds(ThreadRecord* record) {
  WaitForArming(record);
  const uint32_t session = g_session.load(std::memory_order_acquire);
  if (!DisarmCpuTimer(record, session)) return;
  BookOnStart(record, MissingCpuExpirations(record));
}

void CpuAfterFork() {
  const uint32_t session = g_session.load(std::memory_order_relaxed);
  if (session == 0) return;
  if (ThreadRecord* record = t_state.record) {
    record->cpu_session.store(0, std::memory_order_relaxed);
    CpuThreadBegins(record);
  }
}

uint64_t CpuExpirationsBooked() { return g_booked.load(std::memory_order_relaxed); }
uint64_t CpuThreadsRefused() { return g_refused.load(std::memory_order_relaxed); }

}  // namespace pprofagent::hot
