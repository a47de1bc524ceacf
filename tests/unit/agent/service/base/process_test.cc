// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/process.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/descriptor.h"

namespace pprofagent::service {
namespace {

TEST(SafeFileName, ReplacesWhatIsAwkward) {
  EXPECT_EQ(SafeFileName("redis-server"), "redis-server");
  EXPECT_EQ(SafeFileName("python3.11"), "python3.11");
  EXPECT_EQ(SafeFileName("my app/x\n\x80"), "my_app_x__");
  EXPECT_EQ(SafeFileName(".hidden"), "_hidden");
  EXPECT_EQ(SafeFileName("-rf"), "_rf");
  EXPECT_EQ(SafeFileName(""), "unknown");
  EXPECT_EQ(SafeFileName(std::string(500, 'a')).size(), 64u);
}

TEST(ExecutableName, IsThatOfTheFile) {
  EXPECT_EQ(ExecutableName(), "agent_service_base_test");
  EXPECT_EQ(ExecutableFileName(), "agent_service_base_test");
  EXPECT_EQ(ExecutableNameOf(getpid()), "agent_service_base_test");
  EXPECT_EQ(ExecutableNameOf(0), "unknown");
}

TEST(ProcessExists, KnowsTheDead) {
  EXPECT_TRUE(ProcessExists(getpid()));
  EXPECT_TRUE(ProcessExists(1)) << "though it may be another user's";
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(ProcessExists(child));
}

// In a child whose main thread ends while another looks.
TEST(ProcSelf, IsReadableWhenTheMainThreadHasEnded) {
  const pid_t child = fork();
  if (child == 0) {
    pthread_t thread;
    static pthread_t main_thread = pthread_self();
    pthread_create(
        &thread, nullptr,
        [](void*) -> void* {
          pthread_join(main_thread, nullptr);
          std::string maps;
          const bool readable = ReadFile(ProcSelf("maps"), &maps) && !maps.empty();
          _exit(readable && ExecutableFileName() == "agent_service_base_test" ? 0 : 1);
        },
        nullptr);
    hot::RawSyscall(SYS_exit, 0);  // pthread_exit would run gtest's destructors
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(CommandLine, BeginsWithTheProgram) {
  EXPECT_NE(CommandLine().find("agent_service_base_test"), std::string::npos);
  EXPECT_EQ(CommandLine().find('\0'), std::string::npos);
}

TEST(CommandLine, StaysAsItWasRemembered) {
  const std::string before = CommandLine();
  RememberCommandLine();
  EXPECT_EQ(CommandLine(), before);
}

TEST(HostName, IsNotEmpty) { EXPECT_NE(HostName(), ""); }

}  // namespace
}  // namespace pprofagent::service
