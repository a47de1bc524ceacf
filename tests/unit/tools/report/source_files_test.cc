// SPDX-License-Identifier: Apache-2.0
#include "tools/report/source_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace cpprof::report {
namespace {

TEST(SourceFilesTest, TrimmingRemovesPrefixesOrGuessesThem) {
  EXPECT_EQ(TrimFileName("/build/src/a.cc", "/x:/build/src", ""), "a.cc");
  EXPECT_EQ(TrimFileName("/there/project/src/a.cc", "", "/here/project"), "src/a.cc");
  EXPECT_EQ(TrimFileName("/there/project/src/a.cc", "/there", "/here/project"), "project/src/a.cc");
  EXPECT_EQ(TrimFileName("/proc/self/cwd/./a.cc", "", ""), "a.cc");
  EXPECT_EQ(TrimFileName("/other/a.cc", "/build", ""), "/other/a.cc");
}

class SourceDirectory : public testing::Test {
 protected:
  SourceDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cpprof.XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    std::filesystem::create_directories(root_ + "/project/sub/deep");
    std::ofstream(root_ + "/project/sub/a.cc") << "one\r\ntwo\nthree";
  }
  ~SourceDirectory() override { std::filesystem::remove_all(root_); }

  std::string root_;
};

TEST_F(SourceDirectory, ParentsAreSearchedToo) {
  SourceFiles files(root_ + "/project/sub/deep", "");
  EXPECT_EQ(files.Line("sub/a.cc", 1), "one");
  EXPECT_EQ(files.Line("sub/a.cc", 3), "three");
  EXPECT_FALSE(files.Line("sub/a.cc", 4));
  EXPECT_FALSE(files.Line("sub/a.cc", 0));
}

TEST_F(SourceDirectory, SaysWhyAFileCannotBeRead) {
  SourceFiles files(root_, "/nowhere");
  EXPECT_EQ(files.FileStatus("b.cc").message(), "could not find file b.cc on path " + root_);
  EXPECT_EQ(files.FileStatus(root_ + "/b.cc").message(),
            "open " + root_ + "/b.cc: no such file or directory");
}

}  // namespace
}  // namespace cpprof::report
