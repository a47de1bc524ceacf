// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/ended_call.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "agent/hot/engine/signals.h"
#include "agent/hot/hooks.h"

namespace pprofagent::hot {
namespace {

#if defined(__x86_64__)

bool Engine(int, siginfo_t*, void*) { return true; }

// mov $number,%eax; syscall, as libc makes a call.
class Call {
 public:
  explicit Call(int number) {
    memset(code_, 0x90, sizeof(code_));
    code_[sizeof(code_) - 7] = 0xb8;
    memcpy(code_ + sizeof(code_) - 6, &number, sizeof(number));
    code_[sizeof(code_) - 2] = 0x0f;
    code_[sizeof(code_) - 1] = 0x05;
    Register(REG_RIP) = Register(REG_RCX) = End();
    Register(REG_RAX) = -EINTR;
  }

  greg_t& Register(int number) { return context_.uc_mcontext.gregs[number]; }
  template <typename T>
  void SetPointer(int number, const T* pointer) {
    Register(number) = reinterpret_cast<greg_t>(pointer);
  }
  bool Restarts(int signal) {
    const bool says_so = RestartCallEndedBy(signal, &context_);
    EXPECT_EQ(Register(REG_RIP), says_so ? End() - 2 : End());
    return says_so;
  }

 private:
  greg_t End() { return reinterpret_cast<greg_t>(code_ + sizeof(code_)); }

  uint8_t code_[64];
  ucontext_t context_{};
};

constexpr int kSignal = 50;
constexpr uint64_t kBit = uint64_t{1} << (kSignal - 1);

TEST(EndedCall, ACallWithoutAMaskIsBegunAnew) {
  EXPECT_TRUE(Call(SYS_poll).Restarts(kSignal));
  EXPECT_TRUE(Call(SYS_ppoll).Restarts(kSignal));
  EXPECT_TRUE(Call(SYS_pselect6).Restarts(kSignal));
}

TEST(EndedCall, OneThatHasAnotherResultIsOver) {
  Call call(SYS_poll);
  call.Register(REG_RAX) = 0;
  EXPECT_FALSE(call.Restarts(kSignal));
}

TEST(EndedCall, ACallThatBlocksTheSignalWasEndedByAnother) {
  const uint64_t blocking = kBit;
  const uint64_t others = ~kBit;
  constexpr struct {
    int number;
    int argument;
  } kCalls[] = {{SYS_ppoll, REG_R10},
                {SYS_epoll_pwait, REG_R8},
                {SYS_epoll_pwait2, REG_R8},
                {SYS_rt_sigsuspend, REG_RDI}};
  for (const auto& [number, argument] : kCalls) {
    Call call(number);
    call.SetPointer(argument, &blocking);
    EXPECT_FALSE(call.Restarts(kSignal)) << number;
    call.SetPointer(argument, &others);
    EXPECT_TRUE(call.Restarts(kSignal)) << number;
  }
}

TEST(EndedCall, PselectsMaskIsBehindAnotherPointer) {
  const uint64_t blocking = kBit;
  const struct {
    const uint64_t* mask;
    size_t size;
  } argument = {&blocking, sizeof(blocking)};
  Call call(SYS_pselect6);
  call.SetPointer(REG_R9, &argument);
  EXPECT_FALSE(call.Restarts(kSignal));
}

TEST(EndedCall, AMaskThatIsNotThereIsNoReasonToTryAgain) {
  Call call(SYS_ppoll);
  call.Register(REG_R10) = 8;
  EXPECT_FALSE(call.Restarts(kSignal));
}

TEST(EndedCall, WhatTheProgramHandlesEndsCalls) {
  const int signal = SIGRTMIN + 18;
  ASSERT_TRUE(Claim(signal, Engine, WhenIgnored::kYield));
  EXPECT_TRUE(Call(SYS_poll).Restarts(signal));
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(ProgramSigaction(signal, &action, nullptr), 0);
  EXPECT_FALSE(Call(SYS_poll).Restarts(signal));
}

#endif

}  // namespace
}  // namespace pprofagent::hot
