// SPDX-License-Identifier: Apache-2.0
#include "tools/shell/history_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace cpprof::shell {
namespace {

namespace fs = std::filesystem;

class HistoryFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "cpprof.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  fs::path directory_;
};

TEST_F(HistoryFileTest, KeepsLinesToItself) {
  const HistoryFile file(Path("new/cpprof/history"));
  EXPECT_TRUE(file.Load().empty());
  file.Append("top");
  file.Append("list main");
  file.Append("two\nlines");
  EXPECT_EQ(file.Load(), (std::vector<std::string>{"top", "list main"}));
  struct stat info = {};
  ASSERT_EQ(stat(Path("new/cpprof/history").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(HistoryFileTest, IsCutBack) {
  {
    std::ofstream out(Path("history"));
    for (size_t i = 0; i < 2 * HistoryFile::kKept + 1; ++i) out << "line " << i << "\n";
  }
  const HistoryFile file(Path("history"));
  EXPECT_EQ(file.Load().size(), HistoryFile::kKept);
  EXPECT_EQ(file.Load().back(), "line " + std::to_string(2 * HistoryFile::kKept));
  EXPECT_LT(fs::file_size(Path("history")), HistoryFile::kKept * 12);
}

TEST_F(HistoryFileTest, WhatIsNoFileIsLeftAlone) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  for (const std::string& path : {Path("fifo"), directory_.string(), std::string()}) {
    const HistoryFile file(path);
    file.Append("top");
    EXPECT_TRUE(file.Load().empty());
  }
}

TEST_F(HistoryFileTest, Path) {
  setenv("XDG_STATE_HOME", "/state", 1);
  EXPECT_EQ(HistoryPath(), "/state/cpprof/history");
  setenv("XDG_STATE_HOME", "relative", 1);
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(HistoryPath(), "/home/me/.local/state/cpprof/history");
  unsetenv("XDG_STATE_HOME");
  unsetenv("HOME");
  EXPECT_EQ(HistoryPath(), "");
}

}  // namespace
}  // namespace cpprof::shell
