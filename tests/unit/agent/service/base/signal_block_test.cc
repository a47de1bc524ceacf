// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/signal_block.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/descriptor.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

SignalMask CurrentMask() {
  SignalMask mask = 0;
  hot::RawSyscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, sizeof(mask));
  return mask;
}

TEST(BlockSignals, BlocksTheProgramsAndRestores) {
  const SignalMask before = CurrentMask();
  {
    const BlockSignals block(kProgramSignals);
    const SignalMask cannot_be_blocked = SignalBit(SIGKILL) | SignalBit(SIGSTOP);
    EXPECT_EQ(CurrentMask(), kProgramSignals & ~cannot_be_blocked);
  }
  EXPECT_EQ(CurrentMask(), before);
}

// A write beyond the file size limit would end this process.
TEST(BlockWriteSignals, SurvivesTheFileSizeLimit) {
  const test::ScratchDirectory scratch;
  const Descriptor file = Open(scratch / "file", O_WRONLY | O_CREAT, 0600);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 10;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  {
    const BlockWriteSignals block;
    EXPECT_FALSE(WriteAll(file.get(), "more than ten characters"));
    EXPECT_EQ(errno, EFBIG);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  sigset_t pending;
  sigpending(&pending);
  EXPECT_FALSE(sigismember(&pending, SIGXFSZ));
}

TEST(BlockWriteSignals, LeavesWhatWasPendingBefore) {
  const BlockSignals block(SignalBit(SIGPIPE));
  raise(SIGPIPE);
  { const BlockWriteSignals inner; }
  sigset_t pending;
  sigpending(&pending);
  EXPECT_TRUE(sigismember(&pending, SIGPIPE));
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  const timespec none = {};
  EXPECT_EQ(sigtimedwait(&pipe, nullptr, &none), SIGPIPE);
}

}  // namespace
}  // namespace pprofagent::service
