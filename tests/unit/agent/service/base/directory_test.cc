// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

mode_t ModeOf(const std::string& path) {
  struct stat entry = {};
  EXPECT_EQ(stat(path.c_str(), &entry), 0) << path;
  return entry.st_mode & 07777;
}

std::string FailureOf(const std::string& path) {
  Descriptor directory;
  const Status status = OpenPrivateDirectory(path, &directory);
  EXPECT_FALSE(status.ok()) << path;
  EXPECT_FALSE(directory.valid());
  return status.text();
}

TEST(OpenPrivateDirectory, MakesAMissingOnePrivate) {
  const test::ScratchDirectory scratch;
  Descriptor directory;
  ASSERT_TRUE(OpenPrivateDirectory(scratch / "dumps", &directory).ok());
  EXPECT_TRUE(directory.valid());
  EXPECT_EQ(ModeOf(scratch / "dumps"), 0700u);
  // Found again.
  EXPECT_TRUE(OpenPrivateDirectory(scratch / "dumps", &directory).ok());
}

TEST(OpenPrivateDirectory, OverridesAHostileUmask) {
  const test::ScratchDirectory scratch;
  const mode_t before = umask(0777);
  Descriptor directory;
  const Status status = OpenPrivateDirectory(scratch / "dumps", &directory);
  umask(before);
  ASSERT_TRUE(status.ok()) << status.text();
  EXPECT_EQ(ModeOf(scratch / "dumps"), 0700u);
}

TEST(OpenPrivateDirectory, MakesTheLastPartOnly) {
  const test::ScratchDirectory scratch;
  const std::string text = FailureOf(scratch / "missing/dumps");
  EXPECT_EQ(text, "cannot make the directory " + (scratch / "missing/dumps") +
                      ": No such file or directory (ENOENT)");
}

TEST(OpenPrivateDirectory, RefusesALinkToADirectory) {
  const test::ScratchDirectory scratch;
  ASSERT_EQ(mkdir((scratch / "real").c_str(), 0700), 0);
  ASSERT_EQ(symlink((scratch / "real").c_str(), (scratch / "link").c_str()), 0);
  EXPECT_NE(FailureOf(scratch / "link").find("is a symbolic link"), std::string::npos);
}

TEST(OpenPrivateDirectory, RefusesADanglingLink) {
  const test::ScratchDirectory scratch;
  ASSERT_EQ(symlink((scratch / "gone").c_str(), (scratch / "link").c_str()), 0);
  FailureOf(scratch / "link");
  EXPECT_EQ(test::Names(scratch.path()), std::vector<std::string>{"link"});
}

TEST(OpenPrivateDirectory, RefusesAFile) {
  const test::ScratchDirectory scratch;
  test::WriteFile(scratch / "file", "");
  EXPECT_NE(FailureOf(scratch / "file").find("is a file, not a directory"), std::string::npos);
}

TEST(OpenPrivateDirectory, RefusesOneThatOthersMayWriteTo) {
  const test::ScratchDirectory scratch;
  for (const mode_t mode : {0770u, 0702u, 01777u}) {
    ASSERT_EQ(chmod(scratch.path().c_str(), mode), 0);
    EXPECT_NE(FailureOf(scratch.path()).find("may be written by others"), std::string::npos);
  }
  ASSERT_EQ(chmod(scratch.path().c_str(), 0755), 0);
  Descriptor directory;
  EXPECT_TRUE(OpenPrivateDirectory(scratch.path(), &directory).ok());
}

TEST(OpenPrivateDirectory, RefusesSomebodyElses) {
  if (geteuid() != 0) GTEST_SKIP() << "giving a directory away takes root";
  const test::ScratchDirectory scratch;
  ASSERT_EQ(chown(scratch.path().c_str(), 12345, 12345), 0);
  const std::string text = FailureOf(scratch.path());
  EXPECT_NE(text.find("belongs to user 12345, not to this process's user 0"), std::string::npos)
      << text;
}

TEST(OpenNamedDirectory, FollowsLinksAndMakesOnlyWhenAsked) {
  const test::ScratchDirectory scratch;
  Descriptor directory;
  EXPECT_FALSE(OpenNamedDirectory(scratch / "new", false, &directory).ok());
  EXPECT_TRUE(OpenNamedDirectory(scratch / "new", true, &directory).ok());
  ASSERT_EQ(symlink((scratch / "new").c_str(), (scratch / "link").c_str()), 0);
  EXPECT_TRUE(OpenNamedDirectory(scratch / "link", false, &directory).ok());
}

TEST(ListDirectory, TellsAllNames) {
  const test::ScratchDirectory scratch;
  std::vector<std::string> expected = {".", "..", ".hidden", std::string(255, 'x')};
  for (int i = 0; i < 500; ++i) expected.push_back("file " + std::to_string(i));
  for (size_t i = 2; i < expected.size(); ++i) test::WriteFile(scratch / expected[i], "");
  const Descriptor directory = Open(scratch.path(), O_PATH | O_DIRECTORY);
  std::vector<std::string> names = ListDirectory(directory.get());
  std::sort(names.begin(), names.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names, expected);
  const Descriptor file = Open("/dev/null", O_RDONLY);
  EXPECT_TRUE(ListDirectory(file.get()).empty());
  EXPECT_TRUE(ListDirectory(-1).empty());
}

}  // namespace
}  // namespace pprofagent::service
