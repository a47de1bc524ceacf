// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/hot/hooks.h"

namespace pprofagent::hot {
namespace {

int g_engine_calls = 0;
int g_program_calls = 0;
int g_program_signal = 0;
bool g_engine_keeps = false;

bool Engine(int, siginfo_t*, void*) {
  ++g_engine_calls;
  return g_engine_keeps;
}

void Program(int signal) {
  ++g_program_calls;
  g_program_signal = signal;
}

void ProgramWithInfo(int signal, siginfo_t* info, void* context) {
  ++g_program_calls;
  g_program_signal = info->si_signo == signal && context != nullptr ? signal : -1;
}

// Each test claims a signal of its own: a claim is for the life of a process.
class Signals : public testing::Test {
 protected:
  void SetUp() override {
    g_engine_calls = g_program_calls = g_program_signal = 0;
    g_engine_keeps = false;
  }
};

struct sigaction Action(void (*handler)(int), int flags = 0) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  return action;
}

TEST_F(Signals, WithoutAProgramHandlerTheDefaultActionDoesNotHappen) {
  ASSERT_TRUE(Claim(SIGRTMIN + 5, Engine, WhenIgnored::kStay));
  raise(SIGRTMIN + 5);
  EXPECT_EQ(g_engine_calls, 1);
}

TEST_F(Signals, TheProgramsHandlerRunsWhetherInstalledBeforeOrAfter) {
  struct sigaction action = Action(Program);
  sigaction(SIGRTMIN + 6, &action, nullptr);
  ASSERT_TRUE(Claim(SIGRTMIN + 6, Engine, WhenIgnored::kStay));
  raise(SIGRTMIN + 6);
  EXPECT_EQ(g_engine_calls, 1);
  EXPECT_EQ(g_program_calls, 1);

  struct sigaction with_info {};
  with_info.sa_sigaction = ProgramWithInfo;
  with_info.sa_flags = SA_SIGINFO;
  struct sigaction old {};
  EXPECT_EQ(ProgramSigaction(SIGRTMIN + 6, &with_info, &old), 0);
  EXPECT_EQ(old.sa_handler, Program);
  raise(SIGRTMIN + 6);
  EXPECT_EQ(g_program_calls, 2);
  EXPECT_EQ(g_program_signal, SIGRTMIN + 6);
}

TEST_F(Signals, AnEngineCanKeepASignalForItself) {
  struct sigaction action = Action(Program);
  sigaction(SIGRTMIN + 7, &action, nullptr);
  ASSERT_TRUE(Claim(SIGRTMIN + 7, Engine, WhenIgnored::kStay));
  g_engine_keeps = true;
  raise(SIGRTMIN + 7);
  EXPECT_EQ(g_engine_calls, 1);
  EXPECT_EQ(g_program_calls, 0);
}

TEST_F(Signals, ResetHandRunsTheProgramsHandlerOnce) {
  ASSERT_TRUE(Claim(SIGRTMIN + 8, Engine, WhenIgnored::kStay));
  const struct sigaction action = Action(Program, static_cast<int>(SA_RESETHAND));
  ASSERT_EQ(ProgramSigaction(SIGRTMIN + 8, &action, nullptr), 0);
  raise(SIGRTMIN + 8);
  raise(SIGRTMIN + 8);
  EXPECT_EQ(g_engine_calls, 2);
  EXPECT_EQ(g_program_calls, 1);
  struct sigaction now {};
  ASSERT_EQ(ProgramSigaction(SIGRTMIN + 8, nullptr, &now), 0);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

TEST_F(Signals, TheKernelSeesTheProgramsFlagsAndMask) {
  ASSERT_TRUE(Claim(SIGRTMIN + 9, Engine, WhenIgnored::kStay));
  struct sigaction action = Action(Program, SA_NODEFER);
  sigaddset(&action.sa_mask, SIGUSR2);
  ASSERT_EQ(ProgramSigaction(SIGRTMIN + 9, &action, nullptr), 0);
  struct sigaction kernel {};
  sigaction(SIGRTMIN + 9, nullptr, &kernel);
  EXPECT_NE(kernel.sa_flags & SA_NODEFER, 0);
  EXPECT_EQ(kernel.sa_flags & SA_RESTART, 0);
  EXPECT_EQ(sigismember(&kernel.sa_mask, SIGUSR2), 1);
}

TEST_F(Signals, ASignalIsClaimedOnceAndOnlyIfItCanBeCaught) {
  ASSERT_TRUE(Claim(SIGRTMIN + 10, Engine, WhenIgnored::kStay));
  EXPECT_FALSE(Claim(SIGRTMIN + 10, Engine, WhenIgnored::kStay));
  EXPECT_FALSE(Claim(SIGKILL, Engine, WhenIgnored::kStay));
  EXPECT_TRUE(IsClaimedSignal(SIGRTMIN + 10));
  EXPECT_FALSE(IsClaimedSignal(SIGKILL));
  EXPECT_FALSE(IsClaimedSignal(0));
}

TEST_F(Signals, AnIgnoredSignalIsIgnoredByTheKernelWhereTheClaimYields) {
  const int signal = SIGRTMIN + 11;
  struct sigaction action = Action(SIG_IGN);
  sigaction(signal, &action, nullptr);
  ASSERT_TRUE(Claim(signal, Engine, WhenIgnored::kYield));
  struct sigaction kernel {};
  sigaction(signal, nullptr, &kernel);
  EXPECT_EQ(kernel.sa_handler, SIG_IGN);

  action = Action(Program);
  ASSERT_EQ(ProgramSigaction(signal, &action, nullptr), 0);
  raise(signal);
  EXPECT_EQ(g_engine_calls, 1);
  EXPECT_EQ(g_program_calls, 1);

  action = Action(SIG_IGN);
  ASSERT_EQ(ProgramSigaction(signal, &action, nullptr), 0);
  sigaction(signal, nullptr, &kernel);
  EXPECT_EQ(kernel.sa_handler, SIG_IGN);
}

TEST_F(Signals, TheMaskReadBackIsWhatTheKernelKeeps) {
  const int signal = SIGRTMIN + 12;
  ASSERT_TRUE(Claim(signal, Engine, WhenIgnored::kStay));
  struct sigaction action = Action(Program);
  sigfillset(&action.sa_mask);
  struct sigaction read {};
  ASSERT_EQ(ProgramSigaction(signal, &action, nullptr), 0);
  ASSERT_EQ(ProgramSigaction(signal, nullptr, &read), 0);
  EXPECT_EQ(sigismember(&read.sa_mask, SIGTERM), 1);
  EXPECT_EQ(sigismember(&read.sa_mask, SIGKILL), 0);
  EXPECT_EQ(sigismember(&read.sa_mask, SIGSTOP), 0);
}

TEST_F(Signals, AChildOfVforkDoesNotTouchTheParentsDisposition) {
  const int signal = SIGRTMIN + 13;
  ASSERT_TRUE(Claim(signal, Engine, WhenIgnored::kStay));
  const struct sigaction action = Action(Program);
  ASSERT_EQ(ProgramSigaction(signal, &action, nullptr), 0);
  // As system calls see it, a child that shares our memory.
  const pid_t child = vfork();
  if (child == 0) {
    const struct sigaction reset = Action(SIG_DFL);
    struct sigaction old {};
    const bool as_expected =
        ProgramSigaction(signal, &reset, &old) == 0 && old.sa_handler == Program &&
        ProgramSigaction(signal, nullptr, &old) == 0 && old.sa_handler == SIG_DFL;
    _exit(as_expected ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  raise(signal);
  EXPECT_EQ(g_program_calls, 1);
}

TEST_F(Signals, AFreeSignalIsOneNobodyUses) {
  const int free_signal = FindFreeRealTimeSignal();
  ASSERT_NE(free_signal, 0);
  struct sigaction action = Action(SIG_IGN);
  sigaction(free_signal, &action, nullptr);
  EXPECT_NE(FindFreeRealTimeSignal(), free_signal);
  action = Action(SIG_DFL);
  sigaction(free_signal, &action, nullptr);
  EXPECT_EQ(FindFreeRealTimeSignal(), free_signal);
}

}  // namespace
}  // namespace pprofagent::hot
