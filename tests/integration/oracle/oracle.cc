// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into a program: at random moments its stack is walked by our
// unwinder and by libunwind, and the two are compared. When enough samples are
// taken the result is written and the program goes on undisturbed.
//
//   ORACLE_REPORT   file to write
//   ORACLE_SAMPLES  how many samples
//
// The report: a line "samples S doubtful D", then for each of the doubtful ones,
// where the two differ or ours does not reach the outermost frame, as far as
// there is room, two lines of addresses, ours and libunwind's. Ours that does
// not reach it ends in 0.
//
// Timers of wall time: those of CPU time tick 250 times a second. A sample that
// finds the program asleep is none of CPU and is not counted; the thread's CPU
// clock tells.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "agent/hot/rt/random.h"
#include "tests/unit/agent/hot/unwind/walks.h"

namespace {

using namespace pprofagent::hot;

constexpr int kDifferences = 400;
constexpr int64_t kLeastPauseNs = 100'000;
constexpr uint64_t kPauseSpreadNs = 300'000;
// A sample is one of CPU if the thread has run this long since its last one.
constexpr int64_t kRanNs = 20'000;

struct Difference {
  Walk ours;
  Walk theirs;
};

timer_t g_timer;
long g_wanted = 0;
const char* g_report = nullptr;
StackBounds g_main_stack;
pid_t g_process = 0;
Random g_random{};

// Of the thread that is in the handler; only one is at a time.
std::atomic<bool> g_busy{false};
Walk g_ours;
Walk g_theirs;
long g_samples = 0;
long g_doubtful = 0;
int g_differences = 0;
Difference g_different[kDifferences];
thread_local int64_t t_ran_ns = 0;

int64_t ThreadTime() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

itimerspec NextMoment() {
  itimerspec next{};
  next.it_value.tv_nsec = kLeastPauseNs + static_cast<int64_t>(g_random.Next() % kPauseSpreadNs);
  return next;
}

void WriteWalk(int file, const char* name, const Walk& walk) {
  char text[32];
  ssize_t unused = write(file, name, strlen(name));
  for (uint32_t i = 0; i < walk.depth; ++i) {
    const int size = snprintf(text, sizeof(text), " %zx", FrameAddress(walk.pcs[i]));
    unused = write(file, text, static_cast<size_t>(size));
  }
  unused = write(file, "\n", 1);
  static_cast<void>(unused);
}

// Under another name first: whoever waits for the file finds it whole.
void WriteReport() {
  char unfinished[512];
  snprintf(unfinished, sizeof(unfinished), "%s.part", g_report);
  const int file = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return;
  dprintf(file, "samples %ld doubtful %ld\n", g_samples, g_doubtful);
  for (int i = 0; i < g_differences; ++i) {
    WriteWalk(file, "ours", g_different[i].ours);
    WriteWalk(file, "libunwind", g_different[i].theirs);
  }
  close(file);
  rename(unfinished, g_report);
}

void Compare(const void* interrupted) {
  const auto sp = RegistersFromContext(interrupted).sp;
  const bool is_main = sp >= g_main_stack.low && sp < g_main_stack.high;
  WalkByUs(interrupted, is_main ? g_main_stack : StackBounds{0, 0}, &g_ours);
  WalkByLibunwind(interrupted, &g_theirs);
  ++g_samples;
  const bool outermost = g_ours.end == WalkEnd::kOutermost;
  if (outermost && Same(g_ours, g_theirs)) return;
  ++g_doubtful;
  if (g_differences == kDifferences) return;
  if (!outermost && g_ours.depth < kMostFrames) g_ours.pcs[g_ours.depth++] = 0;
  g_different[g_differences++] = {g_ours, g_theirs};
}

void OnTimer(int, siginfo_t*, void* interrupted) {
  // A child has the handler and, at first, our numbers, but no timer.
  if (g_busy.exchange(true, std::memory_order_acquire)) return;
  const int saved = errno;
  itimerspec next{};
  if (getpid() == g_process && g_samples < g_wanted) {
    const int64_t ran_ns = ThreadTime();
    if (ran_ns - t_ran_ns > kRanNs) Compare(interrupted);
    t_ran_ns = ThreadTime();
    if (g_samples == g_wanted) {
      WriteReport();
    } else {
      next = NextMoment();
    }
  }
  g_busy.store(false, std::memory_order_release);
  // Not before: this thread may be suspended for longer than the timer takes, and another one
  // would find it busy and leave without setting the timer again.
  if (next.it_value.tv_nsec != 0) timer_settime(g_timer, 0, &next, nullptr);
  errno = saved;
}

__attribute__((constructor)) void Begin() {
  const char* wanted = getenv("ORACLE_SAMPLES");
  g_report = getenv("ORACLE_REPORT");
  if (wanted == nullptr || g_report == nullptr || !LoadOracle()) return;
  // What this program starts is not looked at.
  unsetenv("LD_PRELOAD");
  unsetenv("ORACLE_SAMPLES");
  g_wanted = atol(wanted);
  g_process = getpid();
  g_main_stack = ThisThreadsStack();
  InitializeUnwinder(UnwinderBackend::kAuto);
  struct sigaction action {};
  action.sa_sigaction = OnTimer;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGRTMAX - 3, &action, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMAX - 3;
  if (timer_create(CLOCK_MONOTONIC, &event, &g_timer) != 0) return;
  const itimerspec first = NextMoment();
  timer_settime(g_timer, 0, &first, nullptr);
}

}  // namespace
