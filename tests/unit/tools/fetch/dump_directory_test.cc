// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/dump_directory.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/unit/tools/fetch/fetch_fixture.h"

namespace cpprof::fetch {
namespace {

class DumpDirectoryTest : public FetchFixture {
 protected:
  // A dump written `time` seconds after 1970.
  void WriteDump(const std::string& name, int64_t time, size_t size = 10) {
    Write(name, std::string(size, 'x'));
    const struct timespec times[2] = {{time, 0}, {time, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, Path(name).c_str(), times, 0), 0);
  }
  std::string Resolved(const std::string& source, std::string_view kind = {},
                       std::optional<int64_t> pid = std::nullopt) {
    const auto found = ResolveDump(source, kind, pid);
    if (!found.ok()) return "error: " + found.message();
    return *found ? std::filesystem::path(**found).filename().string() : "not a dump";
  }
};

TEST(ParseDumpName, TakesNamesApartFromTheRight) {
  const auto dump = ParseDumpName("my.app-1.2.4711.0003.heap.pb.gz");
  ASSERT_TRUE(dump.has_value());
  EXPECT_EQ(dump->process, "my.app-1.2");
  EXPECT_EQ(dump->pid, 4711);
  EXPECT_EQ(dump->sequence, 3u);
  EXPECT_EQ(dump->kind, "heap");
  EXPECT_EQ(ParseDumpName("a.1.12345.trace.pftrace")->kind, "trace");
  for (const char* other : {"a.1.001.heap.pb.gz", "a.x.0001.heap.pb.gz", "1.0001.heap.pb.gz",
                            "a.1.0001..pb.gz", ".a.1.0001.heap.pb.gz", "a.1.0001.heap.pb",
                            "a.1.sock", "", ".pb.gz", "a.99999999999999999999.0001.heap.pb.gz"}) {
    EXPECT_FALSE(ParseDumpName(other).has_value()) << other;
  }
}

TEST_F(DumpDirectoryTest, ListsOldestFirstAndOnlyDumps) {
  WriteDump("redis.11.0002.heap.pb.gz", 1700000200, 2048);
  WriteDump("redis.11.0001.heap.pb.gz", 1700000100, 12);
  WriteDump("other.7.0001.cpu.pb.gz", 1700000300, 3 << 20);
  Write("redis.11.log", "x");
  Write(".redis.11.0003.heap.pb.gz", "half written");
  std::filesystem::create_directory(Path("dir.1.0001.heap.pb.gz"));
  const auto dumps = ListDumps(directory_);
  ASSERT_TRUE(dumps.ok()) << dumps.message();
  EXPECT_EQ(FormatDumps(*dumps),
            "PROCESS  PID  KIND  TIME                   SIZE  FILE\n"
            "redis     11  heap  2023-11-14 22:15:00    12 B  redis.11.0001.heap.pb.gz\n"
            "redis     11  heap  2023-11-14 22:16:40  2.0 kB  redis.11.0002.heap.pb.gz\n"
            "other      7  cpu   2023-11-14 22:18:20  3.0 MB  other.7.0001.cpu.pb.gz\n");
  EXPECT_EQ(ListDumps(directory_, 7)->size(), 1u);
}

TEST_F(DumpDirectoryTest, NewestOfAKindOrOneBefore) {
  for (int i = 1; i <= 3; ++i) {
    WriteDump("app.11.000" + std::to_string(i) + ".heap.pb.gz", 1700000000 + i);
  }
  WriteDump("app.22.0001.heap.pb.gz", 1700000500);
  WriteDump("app.11.0004.cpu.pb.gz", 1700000600);
  const std::string directory = directory_;
  EXPECT_EQ(Resolved(directory, "heap"), "app.22.0001.heap.pb.gz");
  EXPECT_EQ(Resolved(directory + "/heap"), "app.22.0001.heap.pb.gz");
  EXPECT_EQ(Resolved(directory + "/", "heap"), "app.22.0001.heap.pb.gz");
  EXPECT_EQ(Resolved(directory, "heap", 11), "app.11.0003.heap.pb.gz");
  EXPECT_EQ(Resolved(directory + "@1", "heap", 11), "app.11.0002.heap.pb.gz");
  EXPECT_EQ(Resolved(directory + "/heap@2", "", 11), "app.11.0001.heap.pb.gz");
  // The kind with the directory counts more than the one before it.
  EXPECT_EQ(Resolved(directory + "/heap@3", "cpu"), "app.11.0001.heap.pb.gz");
  EXPECT_EQ(Resolved(directory, "profile"), "app.11.0004.cpu.pb.gz");
}

TEST_F(DumpDirectoryTest, WhatIsMissingIsSaidInOneLine) {
  const std::string directory = directory_;
  EXPECT_EQ(Resolved(directory, "heap"), "error: no profiles in " + directory +
                                             "; the agent's are called EXE.PID.SEQ.KIND.pb.gz");
  WriteDump("app.11.0001.heap.pb.gz", 1700000000);
  WriteDump("app.11.0002.mutex.pb.gz", 1700000000);
  EXPECT_EQ(Resolved(directory, "threads"),
            "error: no goroutine profile in " + directory + ", only heap, mutex");
  EXPECT_EQ(Resolved(directory, "heap", 12), "error: no profiles of process 12 in " + directory +
                                                 "; the agent's are called EXE.PID.SEQ.KIND.pb.gz");
  EXPECT_EQ(Resolved(directory + "@1", "heap"),
            "error: only 1 heap profile(s) in " + directory + "; @1 is too far back");
  EXPECT_EQ(ListDumps("/no/such").message(),
            "cannot read the dump directory /no/such: no such file or directory");
}

TEST_F(DumpDirectoryTest, OtherSourcesAreNotTakenForDumps) {
  const std::string directory = directory_;
  EXPECT_EQ(Resolved(directory), "not a dump");
  EXPECT_EQ(Resolved(directory + "/missing", "heap"), "not a dump");
  WriteDump("app.1.0001.missing.pb.gz", 1700000000);
  EXPECT_EQ(Resolved(directory + "/missing"), "app.1.0001.missing.pb.gz");
  EXPECT_EQ(Resolved("http://localhost:6060/debug/pprof/heap", "heap"), "not a dump");
  EXPECT_EQ(Resolved("localhost:6060", "heap"), "not a dump");
  EXPECT_EQ(Resolved("user@2", "heap"), "not a dump");
  EXPECT_EQ(Resolved("no_such_file.pb.gz", "heap"), "not a dump");
  const std::string file = Write("heap@1", "a file of this name");
  EXPECT_EQ(Resolved(file), "not a dump");
}

}  // namespace
}  // namespace cpprof::fetch
