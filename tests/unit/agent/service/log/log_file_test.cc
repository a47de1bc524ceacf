// SPDX-License-Identifier: Apache-2.0
#include "agent/service/log/log_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/service/base/descriptor.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

std::string LogName() { return "agent_service_log_test." + std::to_string(getpid()) + ".log"; }

TEST(WriteLogLine, MakesADirectoryAndAPrivateFile) {
  const test::ScratchDirectory scratch;
  const LogTarget target{"%d/%e.%p.log", scratch / "dumps"};
  EXPECT_TRUE(WriteLogLine(target, "one\n"));
  EXPECT_TRUE(WriteLogLine(target, "two\n"));
  const std::string file = scratch / "dumps/" + LogName();
  EXPECT_EQ(test::Contents(file), "one\ntwo\n");
  struct stat entry;
  ASSERT_EQ(stat(file.c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 07777, 0600u);
}

TEST(WriteLogLine, TakesAPlainPath) {
  const test::ScratchDirectory scratch;
  EXPECT_TRUE(WriteLogLine({scratch / "my-%p.log", "/nowhere"}, "line\n"));
  EXPECT_EQ(test::Contents(scratch / ("my-" + std::to_string(getpid()) + ".log")), "line\n");
}

TEST(WriteLogLine, WritesNothingWhenOff) { EXPECT_FALSE(WriteLogLine({"", "/nowhere"}, "line\n")); }

TEST(WriteLogLine, FollowsNoLink) {
  const test::ScratchDirectory scratch;
  test::WriteFile(scratch / "precious", "kept");
  ASSERT_EQ(symlink((scratch / "precious").c_str(), (scratch / "log").c_str()), 0);
  EXPECT_FALSE(WriteLogLine({scratch / "log", ""}, "line\n"));
  EXPECT_EQ(test::Contents(scratch / "precious"), "kept");
}

TEST(WriteLogLine, WritesIntoFilesOnly) {
  EXPECT_FALSE(WriteLogLine({"/dev/null", ""}, "line\n"));
  const test::ScratchDirectory scratch;
  ASSERT_EQ(mkfifo((scratch / "fifo").c_str(), 0600), 0);
  EXPECT_FALSE(WriteLogLine({scratch / "fifo", ""}, "line\n")) << "must not wait for a reader";
}

TEST(WriteLogLine, StopsAtTheLimit) {
  const test::ScratchDirectory scratch;
  const std::string path = scratch / "log";
  test::WriteFile(path, std::string(kMaxLogBytes - 5, 'x'));
  EXPECT_FALSE(WriteLogLine({path, ""}, "123456\n"));
  EXPECT_TRUE(WriteLogLine({path, ""}, "1234\n"));
  EXPECT_EQ(test::Contents(path).size(), static_cast<size_t>(kMaxLogBytes));
}

TEST(WriteLogLine, FallsBackToTheDefaultDirectory) {
  const std::string directory = "/tmp/pprofagent-" + std::to_string(geteuid());
  const std::string file = directory + "/" + LogName();
  const bool existed = access(directory.c_str(), F_OK) == 0;
  ASSERT_TRUE(WriteLogLine({"%d/%e.%p.log", "/nowhere/at/all"}, "line\n"));
  EXPECT_EQ(test::Contents(file), "line\n");
  unlink(file.c_str());
  if (!existed) rmdir(directory.c_str());
}

TEST(WriteLogLine, GoesToDescriptor2OnlyWhenAsked) {
  const test::ScratchDirectory scratch;
  const int saved = dup(STDERR_FILENO);
  {
    const Descriptor file = Open(scratch / "stderr", O_WRONLY | O_CREAT, 0600);
    dup2(file.get(), STDERR_FILENO);
  }
  EXPECT_TRUE(WriteLogLine({"stderr", ""}, "asked\n"));
  EXPECT_FALSE(WriteLogLine({"/nowhere/at/all", ""}, "not asked\n"));
  dup2(saved, STDERR_FILENO);
  close(saved);
  EXPECT_EQ(test::Contents(scratch / "stderr"), "asked\n");
}

}  // namespace
}  // namespace pprofagent::service
