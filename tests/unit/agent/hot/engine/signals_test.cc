// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/auxv.h>
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

// The table of claims does not take them all; in a child nothing lasts.
template <typename Test>
void InChild(Test test) {
  const pid_t child = fork();
  if (child == 0) {
    test();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
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
  ASSERT_TRUE(Claim(SIGRTMIN + 5, Engine, WhenIgnored::kYield));
  raise(SIGRTMIN + 5);
  EXPECT_EQ(g_engine_calls, 1);
}

// What it is without us: only the engine's own signals have no effect.
TEST_F(Signals, OfTheAgentsOwnSignalsTheDefaultActionDoes) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGUSR2, SIG_DFL);
    if (!Claim(SIGUSR2, Engine, WhenIgnored::kStay)) _exit(1);
    g_engine_keeps = true;
    if (raise(SIGUSR2) != 0 || g_engine_calls != 1) _exit(2);
    g_engine_keeps = false;
    raise(SIGUSR2);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGUSR2);
}

TEST_F(Signals, TheAgentsOwnSignalsAreHiddenUntilTheProgramHandlesThem) {
  InChild([] {
    const int signal = ClaimRealTimeSignal(Engine, Meanwhile::kBlockAll);
    ASSERT_NE(signal, 0);
    const uint64_t bit = uint64_t{1} << (signal - 1);
    EXPECT_EQ(HiddenSignals() & bit, bit);
    struct sigaction action = Action(Program);
    ASSERT_EQ(ProgramSigaction(signal, &action, nullptr), 0);
    EXPECT_EQ(HiddenSignals() & bit, 0u);
    action = Action(SIG_DFL);
    ASSERT_EQ(ProgramSigaction(signal, &action, nullptr), 0);
    EXPECT_EQ(HiddenSignals() & bit, bit);
    ASSERT_TRUE(Claim(SIGRTMIN + 14, Engine, WhenIgnored::kYield));
    EXPECT_EQ(HiddenSignals() & uint64_t{1} << (SIGRTMIN + 13), 0u);
  });
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
  ASSERT_TRUE(Claim(SIGRTMIN + 8, Engine, WhenIgnored::kYield));
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

// By a signal that is nobody's the kernel says how it keeps a disposition.
TEST_F(Signals, FlagsReadBackAreWhatTheKernelKeeps) {
  InChild([] {
    ASSERT_TRUE(Claim(SIGUSR2, Engine, WhenIgnored::kStay));
    struct sigaction action = Action(Program, SA_RESTART | 0x400);
    struct sigaction read {};
    ASSERT_EQ(ProgramSigaction(SIGUSR2, &action, nullptr), 0);
    ASSERT_EQ(ProgramSigaction(SIGUSR2, nullptr, &read), 0);
    struct sigaction kernel {};
    sigaction(SIGWINCH, &action, nullptr);
    sigaction(SIGWINCH, nullptr, &kernel);
    EXPECT_EQ(read.sa_flags, kernel.sa_flags);
    EXPECT_EQ(read.sa_restorer, kernel.sa_restorer);
  });
}

TEST_F(Signals, ATooSmallAlternateStackIsLeftToTheProgram) {
  InChild([] {
    const auto has_flag = [](int signal) {
      struct sigaction kernel {};
      sigaction(signal, nullptr, &kernel);
      return (kernel.sa_flags & SA_ONSTACK) != 0;
    };
    ASSERT_TRUE(Claim(SIGUSR1, Engine, WhenIgnored::kStay));
    EXPECT_TRUE(has_flag(SIGUSR1));
    stack_t stack{};
    stack.ss_size = getauxval(AT_MINSIGSTKSZ) + 4096;
    AlternateStackComes(&stack);
    EXPECT_TRUE(has_flag(SIGUSR1));
    stack.ss_size -= 1;
    stack.ss_flags = SS_DISABLE;
    AlternateStackComes(&stack);
    AlternateStackComes(nullptr);
    EXPECT_TRUE(has_flag(SIGUSR1));
    stack.ss_flags = 0;
    AlternateStackComes(&stack);
    EXPECT_FALSE(has_flag(SIGUSR1));
    // Claimed later; and one that the program wants there.
    ASSERT_TRUE(Claim(SIGUSR2, Engine, WhenIgnored::kStay));
    EXPECT_FALSE(has_flag(SIGUSR2));
    const struct sigaction action = Action(Program, SA_ONSTACK);
    ASSERT_EQ(ProgramSigaction(SIGUSR1, &action, nullptr), 0);
    EXPECT_TRUE(has_flag(SIGUSR1));
  });
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
