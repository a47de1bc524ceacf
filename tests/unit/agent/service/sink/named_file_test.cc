// SPDX-License-Identifier: Apache-2.0
#include "agent/service/sink/named_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "agent/service/base/descriptor.h"
#include "tests/unit/agent/service/support/profile_reader.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

Status Produce(ByteStream* stream) { return stream->Write("the profile"); }

TEST(JoinPath, LeavesAbsoluteNamesAlone) {
  EXPECT_EQ(JoinPath("/out", "cpu.pb.gz"), "/out/cpu.pb.gz");
  EXPECT_EQ(JoinPath("/out/", "cpu.pb.gz"), "/out/cpu.pb.gz");
  EXPECT_EQ(JoinPath("/out", "/cpu.pb.gz"), "/cpu.pb.gz");
  EXPECT_EQ(JoinPath("", "cpu.pb.gz"), "cpu.pb.gz");
}

TEST(WithPid, GoesBeforeTheSuffix) {
  EXPECT_EQ(WithPid("/d/cpu.pb.gz", 17), "/d/cpu.17.pb.gz");
  EXPECT_EQ(WithPid("my.app.pb.gz", 17), "my.app.17.pb.gz");
  EXPECT_EQ(WithPid("cpu.prof", 17), "cpu.17.prof");
  EXPECT_EQ(WithPid("/d.d/cpu", 17), "/d.d/cpu.17");
  EXPECT_EQ(WithPid("/d/.cpu", 17), "/d/.cpu.17");
}

TEST(WriteNamedFile, WritesAndReplaces) {
  const test::ScratchDirectory scratch;
  test::WriteFile(scratch / "cpu", "of the last run");
  ASSERT_TRUE(WriteNamedFile({scratch / "cpu"}, Produce).ok());
  EXPECT_EQ(test::Gunzip(test::Contents(scratch / "cpu")), "the profile");
  EXPECT_EQ(test::Names(scratch.path()), std::vector<std::string>{"cpu"});
}

TEST(WriteNamedFile, MakesTheDirectoryOnlyWhenAsked) {
  const test::ScratchDirectory scratch;
  EXPECT_FALSE(WriteNamedFile({scratch / "out/cpu"}, Produce).ok());
  EXPECT_TRUE(WriteNamedFile({scratch / "out/cpu", true}, Produce).ok());
}

// As root, renaming over /dev/null would succeed.
TEST(WriteNamedFile, ReplacesRegularFilesOnly) {
  const test::ScratchDirectory scratch;
  ASSERT_EQ(mkfifo((scratch / "fifo").c_str(), 0600), 0);
  const Status status = WriteNamedFile({scratch / "fifo"}, Produce);
  EXPECT_NE(status.text().find("not a regular file"), std::string::npos) << status.text();
  ASSERT_EQ(symlink("fifo", (scratch / "link").c_str()), 0);
  EXPECT_FALSE(WriteNamedFile({scratch / "link"}, Produce).ok());
  EXPECT_EQ(test::Names(scratch.path()), (std::vector<std::string>{"fifo", "link"}));
}

TEST(WriteNamedFile, RefusesADirectorysName) {
  const test::ScratchDirectory scratch;
  EXPECT_FALSE(WriteNamedFile({scratch.path()}, Produce).ok());
  EXPECT_FALSE(WriteNamedFile({scratch.path() + "/"}, Produce).ok());
}

TEST(WriteNamedFile, LeavesTheOldFileWhenItFails) {
  const test::ScratchDirectory scratch;
  test::WriteFile(scratch / "cpu", "old");
  const auto fail = [](ByteStream*) { return Status::Error("no"); };
  EXPECT_EQ(WriteNamedFile({scratch / "cpu"}, fail).text(), "no");
  EXPECT_EQ(test::Contents(scratch / "cpu"), "old");
  EXPECT_EQ(test::Names(scratch.path()), std::vector<std::string>{"cpu"});
}

TEST(ModificationTime, IsZeroWithoutAFile) {
  const test::ScratchDirectory scratch;
  EXPECT_EQ(ModificationTime(scratch / "none"), 0);
  test::WriteFile(scratch / "some", "");
  EXPECT_GT(ModificationTime(scratch / "some"), 1'500'000'000'000'000'000);
}

TEST(WriteNamedFile, OpensNothingWhereItMayNot) {
  const test::ScratchDirectory scratch;
  std::thread([&scratch] {
    ForbidDescriptors();
    const Status status = WriteNamedFile({scratch / "file"}, Produce);
    EXPECT_EQ(status.text(),
              "cannot write " + (scratch / "file") + ": " + std::string(kNoDescriptors));
  }).join();
  EXPECT_TRUE(test::Names(scratch.path()).empty());
}

}  // namespace
}  // namespace pprofagent::service
