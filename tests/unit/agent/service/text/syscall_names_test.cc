// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/syscall_names.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

namespace pprofagent::service {
namespace {

TEST(SyscallNames, AreWordsForWhatAThreadDoes) {
  EXPECT_EQ(SyscallState(SYS_clock_nanosleep), "sleep");
  EXPECT_EQ(SyscallState(SYS_epoll_wait), "epoll wait");
  EXPECT_EQ(SyscallState(SYS_recvfrom), "io wait (recv)");
  EXPECT_EQ(SyscallState(SYS_fsync), "syscall fsync");
  EXPECT_EQ(SyscallState(999), "syscall number 999");
  EXPECT_EQ(SyscallName(SYS_futex), "futex");
}

}  // namespace
}  // namespace pprofagent::service
