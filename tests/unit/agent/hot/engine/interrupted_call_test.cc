// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/interrupted_call.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "agent/hot/engine/task_files.h"
#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {
namespace {

long NumberIn(const std::vector<uint8_t>& code) {
  return SyscallNumberBefore(code.data() + code.size(), code.size());
}

TEST(SyscallNumberBefore, ReadsTheLoadOfTheNumber) {
  EXPECT_EQ(NumberIn({0x90, 0xb8, 0x07, 0, 0, 0, 0x0f, 0x05}), 7);
  // Another register is loaded in between.
  EXPECT_EQ(NumberIn({0x90, 0xb8, 0x2d, 0, 0, 0, 0x48, 0x8b, 0x74, 0x24, 0x08, 0x0f, 0x05}), 45);
  EXPECT_EQ(NumberIn({0x90, 0x31, 0xc0, 0x0f, 0x05}), 0) << "xor %eax,%eax";
}

TEST(SyscallNumberBefore, DoesNotGuess) {
  EXPECT_EQ(NumberIn({0x41, 0xb8, 0x07, 0, 0, 0, 0x0f, 0x05}), -1) << "mov $7,%r8d";
  EXPECT_EQ(NumberIn({0x48, 0x89, 0xf8, 0x0f, 0x05}), -1) << "syscall(2): the number is in %rdi";
  EXPECT_EQ(NumberIn({0x90, 0xb8, 0x07, 0, 0, 0, 0x90, 0x90}), -1) << "no system call";
  EXPECT_EQ(NumberIn({0x90, 0xb8, 0, 0, 0, 0x70, 0x0f, 0x05}), -1) << "no such number";
  EXPECT_EQ(NumberIn({0x0f, 0x05}), -1);
  EXPECT_EQ(NumberIn({}), -1);
}

std::atomic<int> g_restarted{0};

void Restart(int, siginfo_t*, void* ucontext) {
  if (RestartInterruptedCall(ucontext)) g_restarted.fetch_add(1);
}

// What `call` returns in a thread that gets the signal while it is in it.
template <typename Call>
int ReturnedWhenInterrupted(long number, const Call& call) {
  struct sigaction action = {};
  action.sa_sigaction = Restart;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&action.sa_mask);
  sigaction(SIGUSR2, &action, nullptr);
  g_restarted = 0;
  std::atomic<int32_t> tid{0};
  int result = 0;
  std::thread thread([&] {
    tid = CurrentThreadId();
    result = call() == 0 ? 0 : errno;
  });
  while (tid == 0) std::this_thread::yield();
  const TaskFiles files;
  const TaskCallFile file(files, tid);
  TaskCall state = file.Read();
  while (state.state == TaskCall::kRunning ||
         (state.state == TaskCall::kBlocked && state.number != number)) {
    state = file.Read();
  }
  // It may be over already on a slow machine, and then there is nothing to see.
  if (state.state == TaskCall::kBlocked) syscall(SYS_tgkill, getpid(), tid.load(), SIGUSR2);
  thread.join();
  return result;
}

TEST(RestartInterruptedCall, MakesPollAndSleepGoOn) {
  for (int tries = 0; g_restarted == 0 && tries < 100; ++tries) {
    EXPECT_EQ(ReturnedWhenInterrupted(SYS_poll, [] { return poll(nullptr, 0, 100); }), 0);
  }
  EXPECT_GT(g_restarted, 0);
  g_restarted = 0;
  for (int tries = 0; g_restarted == 0 && tries < 100; ++tries) {
    EXPECT_EQ(ReturnedWhenInterrupted(SYS_clock_nanosleep,
                                      [] {
                                        const timespec span = {0, 100'000'000};
                                        return nanosleep(&span, nullptr);
                                      }),
              0);
  }
  EXPECT_GT(g_restarted, 0);
}

// What our handler does in the tests below, and what comes while it runs.
bool (*g_undo)(void*) = nullptr;
int g_meanwhile = 0;
std::atomic<int> g_undone{0};
std::atomic<int> g_handled{0};

void OurHandler(int, siginfo_t*, void* ucontext) {
  if (g_meanwhile != 0) syscall(SYS_tgkill, getpid(), CurrentThreadId(), g_meanwhile);
  if (g_undo(ucontext)) ++g_undone;
  ++g_handled;
}

void TheirHandler(int) {}

void Handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

// The error of a read from an empty pipe that our handler interrupts; 0: it goes
// on until there is something to read.
int ErrorOfInterruptedRead(int our_flags) {
  struct sigaction action = {};
  action.sa_sigaction = OurHandler;
  action.sa_flags = SA_SIGINFO | our_flags;
  sigfillset(&action.sa_mask);
  sigaction(SIGUSR2, &action, nullptr);
  g_handled = g_undone = 0;
  int ends[2];
  if (pipe(ends) != 0) return -1;
  std::atomic<int32_t> tid{0};
  int error = 0;
  std::thread thread([&] {
    tid = CurrentThreadId();
    char byte = 0;
    error = read(ends[0], &byte, 1) == 1 ? 0 : errno;
  });
  while (tid == 0) std::this_thread::yield();
  const TaskFiles files;
  const TaskCallFile file(files, tid);
  for (TaskCall state{}; state.state != TaskCall::kBlocked || state.number != SYS_read;) {
    state = file.Read();
  }
  syscall(SYS_tgkill, getpid(), tid.load(), SIGUSR2);
  while (g_handled == 0) std::this_thread::yield();
  EXPECT_EQ(write(ends[1], "", 1), 1);
  thread.join();
  close(ends[0]);
  close(ends[1]);
  return error;
}

TEST(RestartInterruptedCall, LeavesWhatTheKernelRestartsAlone) {
  g_undo = RestartInterruptedCall;
  g_meanwhile = 0;
  // Such an EINTR can only be the program's.
  EXPECT_EQ(ErrorOfInterruptedRead(0), EINTR);
  EXPECT_EQ(ErrorOfInterruptedRead(SA_RESTART), 0);
  EXPECT_EQ(g_undone, 0);
}

TEST(RestartInterruptedCall, LeavesACallThatTheProgramsSignalEndsToo) {
  struct sigaction action = {};
  action.sa_sigaction = OurHandler;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&action.sa_mask);
  sigaction(SIGUSR2, &action, nullptr);
  g_undo = RestartInterruptedCall;
  const auto call = [] {
    timer_t timer;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event._sigev_un._tid = CurrentThreadId();
    event.sigev_signo = SIGUSR2;
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    const itimerspec soon = {{0, 0}, {0, 20'000'000}};
    timer_settime(timer, 0, &soon, nullptr);
    const int result = poll(nullptr, 0, 200) == 0 ? 0 : errno;
    timer_delete(timer);
    return result;
  };
  g_meanwhile = 0;
  EXPECT_EQ(call(), 0);
  Handle(SIGUSR1, TheirHandler, SA_RESTART);
  g_meanwhile = SIGUSR1;
  EXPECT_EQ(call(), EINTR);
  // Nobody sees these.
  Handle(SIGUSR1, SIG_IGN, 0);
  EXPECT_EQ(call(), 0);
  g_meanwhile = SIGCHLD;
  EXPECT_EQ(call(), 0);
  Handle(SIGUSR1, SIG_DFL, 0);
}

TEST(EndCallForProgram, EndsWhatTheProgramsSignalWouldHaveEnded) {
  g_undo = EndCallForProgram;
  g_meanwhile = 0;
  EXPECT_EQ(ErrorOfInterruptedRead(SA_RESTART), 0);
  g_meanwhile = SIGUSR1;
  Handle(SIGUSR1, TheirHandler, SA_RESTART);
  EXPECT_EQ(ErrorOfInterruptedRead(SA_RESTART), 0);
  EXPECT_EQ(g_undone, 0);
  Handle(SIGUSR1, TheirHandler, 0);
  EXPECT_EQ(ErrorOfInterruptedRead(SA_RESTART), EINTR);
  EXPECT_EQ(g_undone, 1);
  Handle(SIGUSR1, SIG_DFL, 0);
}

TEST(WasHeldUp, IfItCameLateAndAHandlerBlocksIt) {
  constexpr int kOurs = 60;
  constexpr int kSignals = 64;
  // Other tests, and the engines, have handlers.
  struct sigaction before[kSignals + 1];
  for (int signal = 1; signal <= kSignals; ++signal) {
    sigaction(signal, nullptr, &before[signal]);
    Handle(signal, SIG_DFL, 0);
  }
  const SentSignal late = {kOurs, 1'000'000, 1'100'000};
  EXPECT_FALSE(WasHeldUp(late));
  struct sigaction action = {};
  action.sa_handler = TheirHandler;
  sigfillset(&action.sa_mask);
  sigaction(SIGALRM, &action, nullptr);
  EXPECT_TRUE(WasHeldUp(late));
  EXPECT_TRUE(WasHeldUp({kOurs, 0, 0})) << "unknown";
  EXPECT_FALSE(WasHeldUp({kOurs, 1'000'000, 1'005'000}));
  sigdelset(&action.sa_mask, kOurs);
  sigaction(SIGALRM, &action, nullptr);
  EXPECT_FALSE(WasHeldUp(late));
  for (int signal = 1; signal <= kSignals; ++signal) sigaction(signal, &before[signal], nullptr);
}

}  // namespace
}  // namespace pprofagent::hot
