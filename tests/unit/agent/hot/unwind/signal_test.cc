// SPDX-License-Identifier: Apache-2.0
//
// Walks from signal handlers and through them.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "tests/unit/agent/hot/unwind/walks.h"

#define CHAIN extern "C" OPAQUE __attribute__((visibility("default")))

namespace pprofagent::hot {
namespace {

StackBounds g_bounds;
Walk g_interrupted;  // from the ucontext
Walk g_through;      // from inside the handler, out through the signal frame
Walk g_oracle;

}  // namespace

CHAIN void SignalHandler(int, siginfo_t*, void* context) {
  WalkByUs(context, g_bounds, &g_interrupted);
  WalkByLibunwind(context, &g_oracle);
  WalkFromCaller(g_bounds, &g_through);
  asm volatile("" ::: "memory");
}

// An instruction that faults, in a leaf that moves no stack pointer.
CHAIN int SignalFaultingLeaf(volatile int* nowhere) { return *nowhere + 1; }

CHAIN int SignalCaller(volatile int* nowhere) {
  const int value = SignalFaultingLeaf(nowhere);
  asm volatile("" ::: "memory");
  return value;
}

CHAIN void SignalNested() {
  syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
  asm volatile("" ::: "memory");
}

CHAIN void SignalOuterHandler(int, siginfo_t*, void*) {
  SignalNested();
  asm volatile("" ::: "memory");
}

namespace {

class SignalTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(LoadOracle());
    InitializeUnwinder(UnwinderBackend::kAuto);
    g_bounds = ThisThreadsStack();
    alternate_ = mmap(nullptr, kAlternate, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const stack_t stack{.ss_sp = alternate_, .ss_flags = 0, .ss_size = kAlternate};
    ASSERT_EQ(sigaltstack(&stack, &before_), 0);
  }

  void TearDown() override {
    sigaltstack(&before_, nullptr);
    munmap(alternate_, kAlternate);
  }

  static void Handle(int signal, void (*handler)(int, siginfo_t*, void*), int flags) {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    sigaction(signal, &action, nullptr);
  }

  static constexpr size_t kAlternate = 256 << 10;
  void* alternate_ = nullptr;
  stack_t before_{};
};

void SkipFault(int, siginfo_t*, void* context) {
  SignalHandler(0, nullptr, context);
  // On with the instruction after the load, which has two bytes.
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] += 2;
}

TEST_P(SignalTest, FindsTheInterruptedLeafAndItsCallers) {
  Handle(SIGSEGV, SkipFault, GetParam());
  void* nowhere = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SignalCaller(static_cast<volatile int*>(nowhere));
  signal(SIGSEGV, SIG_DFL);
  munmap(nowhere, 4096);
  ASSERT_GE(g_interrupted.depth, 3u);
  const std::vector<std::string> names = Names(g_interrupted);
  EXPECT_EQ(names[0], "SignalFaultingLeaf");
  EXPECT_EQ(names[1], "SignalCaller");
  EXPECT_EQ(names.back(), "_start");
  EXPECT_EQ(g_interrupted.end, WalkEnd::kOutermost);
  EXPECT_TRUE(Same(g_interrupted, g_oracle)) << Describe(g_interrupted) << "libunwind:\n"
                                             << Describe(g_oracle);

  // The same frames, with exactly the same addresses, lie behind the handler.
  EXPECT_TRUE(EndsWith(g_through, g_interrupted)) << Describe(g_through);
  EXPECT_EQ(g_through.end, WalkEnd::kOutermost);
  EXPECT_EQ(g_through.depth, g_interrupted.depth + 3)
      << "handlers and the signal frame: " << Describe(g_through);
}

TEST_P(SignalTest, CrossesNestedHandlers) {
  Handle(SIGUSR2, SignalHandler, GetParam());
  Handle(SIGUSR1, SignalOuterHandler, GetParam());
  syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
  signal(SIGUSR1, SIG_DFL);
  signal(SIGUSR2, SIG_DFL);
  for (const Walk* walk : {&g_interrupted, &g_through}) {
    const std::vector<std::string> names = Names(*walk);
    EXPECT_EQ(walk->end, WalkEnd::kOutermost) << Describe(*walk);
    EXPECT_EQ(names.back(), "_start");
    EXPECT_EQ(std::count(names.begin(), names.end(), "SignalNested"), 1);
    EXPECT_EQ(std::count(names.begin(), names.end(), "SignalOuterHandler"), 1);
  }
  EXPECT_TRUE(Same(g_interrupted, g_oracle)) << Describe(g_interrupted) << "libunwind:\n"
                                             << Describe(g_oracle);
}

INSTANTIATE_TEST_SUITE_P(Stacks, SignalTest, testing::Values(0, SA_ONSTACK), [](const auto& flags) {
  return flags.param == 0 ? "SameStack" : "AlternateStack";
});

}  // namespace
}  // namespace pprofagent::hot
