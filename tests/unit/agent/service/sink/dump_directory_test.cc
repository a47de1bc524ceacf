// SPDX-License-Identifier: Apache-2.0
#include "agent/service/sink/dump_directory.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "tests/unit/agent/service/support/profile_reader.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

using test::Names;

TEST(DumpName, ReadsWhatItWrites) {
  EXPECT_EQ(FormatDumpName("redis.17.", {3, "heap"}), "redis.17.0003.heap.pb.gz");
  EXPECT_EQ(FormatDumpName("redis.17.", {12345, "cpu"}), "redis.17.12345.cpu.pb.gz");
  DumpName name;
  ASSERT_TRUE(ParseDumpName("redis.17.0003.heap.pb.gz", "redis.17.", &name));
  EXPECT_EQ(name.sequence, 3);
  EXPECT_EQ(name.kind, "heap");
  ASSERT_TRUE(ParseDumpName("redis.17.12345.cpu.pb.gz", "redis.17.", &name));
  EXPECT_EQ(name.sequence, 12345);
}

TEST(DumpName, RefusesOtherNames) {
  DumpName name;
  for (const char* other :
       {"redis.170.0003.heap.pb.gz", "redis.17.log", "redis.17.0003.heap.pb", "redis.17.pb.gz",
        "redis.17..pb.gz", "redis.17.0003..pb.gz", "redis.17.003.heap.pb.gz",
        "redis.17.x003.heap.pb.gz", "redis.17.99999999999999.heap.pb.gz",
        ".redis.17.0003.heap.pb.gz.abc.tmp", ""}) {
    EXPECT_FALSE(ParseDumpName(other, "redis.17.", &name)) << other;
  }
}

class DumpDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    const Status status = DumpDirectory::Open(scratch_.path(), "app.17.", &directory_);
    ASSERT_TRUE(status.ok()) << status.text();
  }

  Status Write(int sequence, const char* kind, std::string_view contents = "contents") {
    const auto produce = [contents](ByteStream* stream) { return stream->Write(contents); };
    return directory_.Write({sequence, kind}, produce, &shown_);
  }

  test::ScratchDirectory scratch_;
  DumpDirectory directory_;
  std::string shown_;
};

TEST_F(DumpDirectoryTest, WritesCompressedFiles) {
  ASSERT_TRUE(Write(0, "heap", "the profile").ok());
  EXPECT_EQ(shown_, scratch_ / "app.17.0000.heap.pb.gz");
  EXPECT_EQ(test::Gunzip(test::Contents(shown_)), "the profile");
}

TEST_F(DumpDirectoryTest, GoesOnFromTheHighestNumber) {
  EXPECT_EQ(directory_.NextSequence(), 0);
  test::WriteFile(scratch_ / "app.17.0041.cpu.pb.gz", "");
  test::WriteFile(scratch_ / "app.170.0099.cpu.pb.gz", "");
  test::WriteFile(scratch_ / "app.17.log", "");
  EXPECT_EQ(directory_.NextSequence(), 42);
}

TEST_F(DumpDirectoryTest, NeverOverwrites) {
  test::WriteFile(scratch_ / "app.17.0000.heap.pb.gz", "another container's");
  ASSERT_TRUE(Write(0, "heap").ok());
  EXPECT_EQ(shown_, scratch_ / "app.17.0001.heap.pb.gz");
  EXPECT_EQ(test::Contents(scratch_ / "app.17.0000.heap.pb.gz"), "another container's");
}

TEST_F(DumpDirectoryTest, LeavesNothingOfAFailedProducer) {
  const auto produce = [](ByteStream* stream) {
    Status status = stream->Write("half");
    return status.ok() ? Status::Error("out of ideas") : status;
  };
  EXPECT_EQ(directory_.Write({0, "heap"}, produce, &shown_).text(), "out of ideas");
  EXPECT_TRUE(Names(scratch_.path()).empty());
}

TEST_F(DumpDirectoryTest, KeepsTheNewestOfAKind) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Write(i, "heap").ok());
  ASSERT_TRUE(Write(0, "cpu").ok());
  test::WriteFile(scratch_ / "app.18.0000.heap.pb.gz", "");
  directory_.Prune("heap", 2);
  EXPECT_EQ(Names(scratch_.path()),
            (std::vector<std::string>{"app.17.0000.cpu.pb.gz", "app.17.0003.heap.pb.gz",
                                      "app.17.0004.heap.pb.gz", "app.18.0000.heap.pb.gz"}));
}

// The pid of a process that has ended.
std::string GonePid() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return std::to_string(child);
}

TEST_F(DumpDirectoryTest, ClearsAwayWhatEndedProcessesWereWriting) {
  const std::string gone = GonePid();
  for (const std::string& name :
       {".app." + gone + ".0000.heap.pb.gz.abc.tmp", ".my.app.v1." + gone + ".0000.cpu.pb.gz.1.tmp",
        ".app." + std::to_string(getpid()) + ".0000.heap.pb.gz.abc.tmp"}) {
    test::WriteFile(scratch_ / name, "half");
  }
  ASSERT_TRUE(Write(0, "heap").ok());
  directory_.Prune("heap", 32);
  EXPECT_EQ(Names(scratch_.path()), std::vector<std::string>{"app.17.0000.heap.pb.gz"});
}

TEST_F(DumpDirectoryTest, LeavesAloneWhatMayBeSomebodys) {
  const std::string gone = GonePid();
  const std::string alive = std::to_string(getppid());
  std::vector<std::string> names = {
      ".app." + alive + ".0000.heap.pb.gz.abc.tmp",
      // Of a process that is gone, or of one that is not, whose kind has dots.
      ".app." + alive + ".2000." + gone + ".0000.heap.pb.gz.abc.tmp",
      ".app." + gone + ".0000.heap.pb.gz.xyz.tmp",
      ".app." + gone + ".0000.heap.pb.gz.tmp",
      ".app." + gone + ".000.heap.pb.gz.abc.tmp",
      "." + gone + ".0000.heap.pb.gz.abc.tmp",
      ".app." + gone + ".log.abc.tmp",
      ".notes.tmp",
      ".notes.abc.tmp",
      "app." + gone + ".0000.heap.pb.gz.abc.tmp",
  };
  for (const std::string& name : names) test::WriteFile(scratch_ / name, "");
  const std::string link = ".app." + gone + ".0000.cpu.pb.gz.abc.tmp";
  ASSERT_EQ(symlink("elsewhere", (scratch_ / link).c_str()), 0);
  names.push_back(link);
  const std::string locked = ".app." + gone + ".0001.cpu.pb.gz.abc.tmp";
  test::WriteFile(scratch_ / locked, "half");
  names.push_back(locked);
  const Descriptor writer = service::Open(scratch_ / locked, O_WRONLY);
  ASSERT_EQ(flock(writer.get(), LOCK_EX), 0);
  directory_.Prune("heap", 32);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(Names(scratch_.path()), names);
}

TEST(DumpDirectory, RefusesAnUnsafeDirectory) {
  const test::ScratchDirectory scratch;
  ASSERT_EQ(chmod(scratch.path().c_str(), 0777), 0);
  DumpDirectory directory;
  EXPECT_FALSE(DumpDirectory::Open(scratch.path(), "app.17.", &directory).ok());
}

}  // namespace
}  // namespace pprofagent::service
