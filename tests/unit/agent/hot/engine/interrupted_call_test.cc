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

}  // namespace
}  // namespace pprofagent::hot
