// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/checked_read.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

namespace pprofagent::hot {
namespace {

class CheckedReadTest : public testing::Test {
 protected:
  static constexpr size_t kPage = 4096;

  void SetUp() override {
    pages_ = static_cast<uint8_t*>(
        mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages_ + kPage, kPage, PROT_NONE);
    *reinterpret_cast<uintptr_t*>(pages_) = 11;
    *reinterpret_cast<uintptr_t*>(pages_ + kPage - 8) = 12;
    *reinterpret_cast<uintptr_t*>(pages_ + 2 * kPage) = 13;
  }
  void TearDown() override { munmap(pages_, 3 * kPage); }

  uintptr_t At(size_t offset) const { return reinterpret_cast<uintptr_t>(pages_) + offset; }

  uint8_t* pages_ = nullptr;
  uintptr_t word_ = 0;
};

TEST_F(CheckedReadTest, ReadsWhatIsMappedOnly) {
  StackReader stack({0, 0});
  EXPECT_TRUE(stack.ReadWord(At(0), &word_));
  EXPECT_EQ(word_, 11u);
  EXPECT_TRUE(stack.ReadWord(At(kPage - 8), &word_));
  EXPECT_EQ(word_, 12u);
  EXPECT_FALSE(stack.ReadWord(At(kPage), &word_));
  EXPECT_FALSE(stack.ReadWord(At(2 * kPage - 8), &word_));
  EXPECT_TRUE(stack.ReadWord(At(2 * kPage), &word_));
  EXPECT_EQ(word_, 13u);
}

TEST_F(CheckedReadTest, RefusesAddressesThatNoWordHas) {
  StackReader stack({0, 0});
  EXPECT_FALSE(stack.ReadWord(At(1), &word_)) << "unaligned";
  // The first page, what no program can map, the kernel's half.
  const volatile uintptr_t nowhere[] = {0, 8, 0x800000000000, 0xffffffff80000000, UINTPTR_MAX - 7};
  for (const volatile uintptr_t& address : nowhere) {
    EXPECT_FALSE(stack.ReadWord(address, &word_)) << address;
  }
}

TEST_F(CheckedReadTest, TrustsBoundsFromTheStackPointerUpwardsOnly) {
  // Bounds that reach over the unreadable page, as the main thread's do below
  // its stack pointer.
  StackReader stack({At(0), At(3 * kPage)});
  stack.EnterStackAt(At(2 * kPage + 256));
  EXPECT_TRUE(stack.ReadWord(At(2 * kPage), &word_));
  EXPECT_FALSE(stack.ReadWord(At(kPage + 8), &word_));
  EXPECT_TRUE(stack.ReadWord(At(0), &word_)) << "probed";
}

TEST_F(CheckedReadTest, TrustsNothingWhereTheStackPointerIsElsewhere) {
  StackReader stack({At(kPage), At(2 * kPage)});  // all unreadable
  stack.EnterStackAt(At(0));
  EXPECT_FALSE(stack.ReadWord(At(kPage), &word_));
}

TEST_F(CheckedReadTest, LeavesErrnoAndTheSignalMaskAlone) {
  sigset_t before;
  sigset_t after;
  sigemptyset(&before);
  sigaddset(&before, SIGUSR1);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  errno = ERANGE;
  StackReader stack({0, 0});
  EXPECT_TRUE(stack.ReadWord(At(0), &word_));
  EXPECT_FALSE(stack.ReadWord(At(kPage), &word_));
  EXPECT_EQ(errno, ERANGE);
  sigprocmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < 65; ++signal) {
    EXPECT_EQ(sigismember(&after, signal), signal == SIGUSR1 ? 1 : 0) << signal;
  }
  sigemptyset(&before);
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace pprofagent::hot
