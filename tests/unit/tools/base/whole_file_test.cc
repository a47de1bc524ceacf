// SPDX-License-Identifier: Apache-2.0
#include "tools/base/whole_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace cpprof {
namespace {

namespace fs = std::filesystem;

class WholeFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "cpprof.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  std::string Read(const std::string& name) const {
    std::ifstream in(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t Files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(directory_), {}));
  }
  static mode_t Mode(const std::string& path) {
    struct stat info = {};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
  }

  fs::path directory_;
};

TEST_F(WholeFileTest, MakesAndReplaces) {
  const mode_t mask = umask(0027);
  ASSERT_TRUE(WriteWholeFile(Path("a"), "first").ok());
  umask(mask);
  EXPECT_EQ(Mode(Path("a")), 0640U);
  ASSERT_EQ(chmod(Path("a").c_str(), 0600), 0);
  ASSERT_TRUE(WriteWholeFile(Path("a"), "2").ok());
  EXPECT_EQ(Read("a"), "2");
  EXPECT_EQ(Mode(Path("a")), 0600U);
  EXPECT_EQ(Files(), 1U);
}

TEST_F(WholeFileTest, LinksStayLinks) {
  fs::create_symlink("target", Path("link"));
  ASSERT_TRUE(WriteWholeFile(Path("link"), "one").ok());
  ASSERT_TRUE(WriteWholeFile(Path("link"), "two").ok());
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Read("target"), "two");
  fs::create_symlink("round", Path("round"));
  EXPECT_EQ(WriteWholeFile(Path("round"), "x").message(),
            "open " + Path("round") + ": too many levels of symbolic links");
}

TEST_F(WholeFileTest, AFailedWriteLeavesTheOldFile) {
  ASSERT_TRUE(WriteWholeFile(Path("a"), "old").ok());
  // A disk that is full after ten bytes.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit ten = {10, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &ten);
  const Status replaced = WriteWholeFile(Path("a"), std::string(100, 'x'));
  const Status made = WriteWholeFile(Path("b"), std::string(100, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(replaced.message(), "write " + Path("a") + ": file too large");
  EXPECT_FALSE(made.ok());
  EXPECT_EQ(Read("a"), "old");
  EXPECT_EQ(Files(), 1U);
}

TEST_F(WholeFileTest, SaysWhatCannotBeWritten) {
  EXPECT_EQ(WriteWholeFile(Path("no/a"), "").message(),
            "open " + Path("no/a") + ": no such file or directory");
  EXPECT_EQ(WriteWholeFile(directory_, "").message(),
            "open " + directory_.string() + ": is a directory");
  EXPECT_EQ(WriteWholeFile("/dev/full", "x").message(), "write /dev/full: no space left on device");
  EXPECT_TRUE(WriteWholeFile("/dev/null", "x").ok());
}

TEST_F(WholeFileTest, NumbersGoUpWithoutGaps) {
  const auto name = [&](int number) { return Path("p" + std::to_string(number)); };
  EXPECT_EQ(*WriteNumberedFile(name, 2, "pN", "1"), Path("p1"));
  EXPECT_EQ(*WriteNumberedFile(name, 2, "pN", "2"), Path("p2"));
  EXPECT_EQ(WriteNumberedFile(name, 2, "pN", "3").message(),
            "could not create file of the form pN");
  EXPECT_EQ(Read("p2"), "2");
  EXPECT_EQ(Files(), 2U);
}

TEST_F(WholeFileTest, AppendingMakesTheFile) {
  EXPECT_TRUE(AppendToFile(Path("a"), "1").ok());
  EXPECT_TRUE(AppendToFile(Path("a"), "2").ok());
  EXPECT_EQ(Read("a"), "12");
}

}  // namespace
}  // namespace cpprof
