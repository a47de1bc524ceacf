// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

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
