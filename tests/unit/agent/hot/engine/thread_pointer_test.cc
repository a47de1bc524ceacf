// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/thread_pointer.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {
namespace {

#if defined(__x86_64__)

constexpr int kArchSetFs = 0x1002;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
constexpr bool kIsSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kIsSanitized = false;
#endif

// With another thread pointer, and nothing in between that could use it.
[[gnu::optimize("no-stack-protector")]] bool HasIt(uintptr_t pointer) {
  const auto own = static_cast<uintptr_t>(pthread_self());
  RawSyscall(SYS_arch_prctl, kArchSetFs, pointer);
  const bool has = HasThreadPointerOfLibc();
  RawSyscall(SYS_arch_prctl, kArchSetFs, own);
  return has;
}

class ThreadPointer : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) InitializeThreadPointer();
  }
};

TEST_P(ThreadPointer, LibcsIsKnown) { EXPECT_TRUE(HasThreadPointerOfLibc()); }

TEST_P(ThreadPointer, OthersAreNot) {
  if (kIsSanitized) GTEST_SKIP() << "what a sanitizer adds uses the thread pointer";
  alignas(64) static uintptr_t memory[64] = {};
  EXPECT_FALSE(HasIt(0));
  EXPECT_FALSE(HasIt(8));
  EXPECT_FALSE(HasIt(reinterpret_cast<uintptr_t>(memory)));
  EXPECT_FALSE(HasIt(reinterpret_cast<uintptr_t>(memory) + 1));
  memory[2] = reinterpret_cast<uintptr_t>(memory);
  EXPECT_TRUE(HasIt(reinterpret_cast<uintptr_t>(memory)));
  memory[2] = 0;
}

// By a system call first, where the instruction is not known yet.
INSTANTIATE_TEST_SUITE_P(Ways, ThreadPointer, testing::Bool());

#endif

}  // namespace
}  // namespace pprofagent::hot
