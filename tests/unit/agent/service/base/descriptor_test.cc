// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/descriptor.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

TEST(Descriptor, ClosesAtTheEndOfItsLife) {
  int number;
  {
    const Descriptor file = Open("/dev/null", O_RDONLY);
    ASSERT_TRUE(file.valid());
    number = file.get();
    EXPECT_EQ(fcntl(number, F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(fcntl(number, F_GETFD), -1);
}

TEST(Descriptor, ReleaseGivesTheOwnershipUp) {
  int number;
  {
    Descriptor file = Open("/dev/null", O_RDONLY);
    number = file.Release();
    EXPECT_FALSE(file.valid());
  }
  EXPECT_NE(fcntl(number, F_GETFD), -1);
  close(number);
}

TEST(Descriptor, NeverTakesAStandardNumber) {
  const int saved = dup(STDIN_FILENO);
  ASSERT_GE(saved, 0);
  close(STDIN_FILENO);
  {
    const Descriptor file = Open("/dev/null", O_RDONLY);
    EXPECT_GE(file.get(), 3);
    EXPECT_EQ(fcntl(file.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(fcntl(STDIN_FILENO, F_GETFD), -1) << "descriptor 0 was left taken";
  }
  dup2(saved, STDIN_FILENO);
  close(saved);
}

TEST(Descriptor, OpenFailureLeavesErrno) {
  const Descriptor file = Open("/nowhere/at/all", O_RDONLY);
  EXPECT_FALSE(file.valid());
  EXPECT_EQ(errno, ENOENT);
}

TEST(ReadFile, ReadsFilesOfUnknownAndOfGreatSize) {
  const test::ScratchDirectory scratch;
  const std::string big(200'000, 'x');
  test::WriteFile(scratch / "big", big);
  std::string contents = "left over";
  ASSERT_TRUE(ReadFile(scratch / "big", &contents));
  EXPECT_EQ(contents, big);
  ASSERT_TRUE(ReadFile("/proc/self/status", &contents));
  EXPECT_NE(contents.find("Name:"), std::string::npos);
  ASSERT_TRUE(ReadFile("/dev/null", &contents));
  EXPECT_EQ(contents, "");
}

TEST(ReadFile, FailsOnDirectoriesAndMissingFiles) {
  std::string contents;
  EXPECT_FALSE(ReadFile("/", &contents));
  EXPECT_EQ(errno, EISDIR);
  EXPECT_FALSE(ReadFile("/nowhere/at/all", &contents));
}

TEST(WriteAll, ReportsAFullDevice) {
  const Descriptor full = Open("/dev/full", O_WRONLY);
  ASSERT_TRUE(full.valid());
  EXPECT_FALSE(WriteAll(full.get(), "text"));
  EXPECT_EQ(errno, ENOSPC);
}

TEST(ReadLink, GivesTheTarget) {
  const test::ScratchDirectory scratch;
  ASSERT_EQ(symlink("/some/where", (scratch / "link").c_str()), 0);
  EXPECT_EQ(ReadLink(scratch / "link"), "/some/where");
  EXPECT_EQ(ReadLink(scratch / "none"), "");
}

}  // namespace
}  // namespace pprofagent::service
