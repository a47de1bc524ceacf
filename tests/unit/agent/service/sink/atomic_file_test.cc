// SPDX-License-Identifier: Apache-2.0
#include "agent/service/sink/atomic_file.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/service/base/signal_block.h"
#include "tests/unit/agent/service/support/refusal.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

using test::Contents;
using test::Names;

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFileTest() : directory_(Open(scratch_.path(), O_PATH | O_DIRECTORY)) {}

  AtomicFile Make(const std::string& name) {
    return AtomicFile(directory_.get(), name, scratch_ / name);
  }

  test::ScratchDirectory scratch_;
  Descriptor directory_;
};

TEST_F(AtomicFileTest, AppearsWhole) {
  AtomicFile file = Make("file");
  ASSERT_TRUE(file.Open().ok());
  ASSERT_TRUE(file.Write("all of").ok());
  ASSERT_TRUE(file.Write(" it").ok());
  EXPECT_TRUE(Names(scratch_.path()).empty()) << "a process that ends now leaves nothing behind";
  ASSERT_TRUE(file.Publish(AtomicFile::kKeepExisting).ok());
  EXPECT_EQ(Names(scratch_.path()), std::vector<std::string>{"file"});
  EXPECT_EQ(Contents(scratch_ / "file"), "all of it");
}

TEST_F(AtomicFileTest, IsPrivateWhateverTheUmask) {
  for (const mode_t mask : {0u, 0777u}) {
    const mode_t before = umask(mask);
    AtomicFile file = Make("file");
    EXPECT_TRUE(file.Open().ok());
    EXPECT_TRUE(file.Publish(AtomicFile::kReplaceExisting).ok());
    umask(before);
    struct stat entry;
    ASSERT_EQ(stat((scratch_ / "file").c_str(), &entry), 0);
    EXPECT_EQ(entry.st_mode & 07777, 0600u);
  }
}

TEST_F(AtomicFileTest, LeavesNothingWhenGivenUp) {
  {
    AtomicFile file = Make("file");
    ASSERT_TRUE(file.Open().ok());
    ASSERT_TRUE(file.Write("half").ok());
  }
  EXPECT_TRUE(Names(scratch_.path()).empty());
}

TEST_F(AtomicFileTest, KeepsAnExistingFileUntilRenamed) {
  test::WriteFile(scratch_ / "file", "old");
  AtomicFile file = Make("file");
  ASSERT_TRUE(file.Open().ok());
  ASSERT_TRUE(file.Write("new").ok());
  EXPECT_FALSE(file.Publish(AtomicFile::kKeepExisting).ok());
  EXPECT_TRUE(file.exists());
  EXPECT_EQ(Contents(scratch_ / "file"), "old");
  file.Rename("other", scratch_ / "other");
  EXPECT_TRUE(file.Publish(AtomicFile::kKeepExisting).ok());
  EXPECT_EQ(Contents(scratch_ / "other"), "new");
  EXPECT_EQ(Names(scratch_.path()), (std::vector<std::string>{"file", "other"}));
}

TEST_F(AtomicFileTest, ReplacesAnExistingFileWhenAsked) {
  test::WriteFile(scratch_ / "file", "old");
  AtomicFile file = Make("file");
  ASSERT_TRUE(file.Open().ok());
  ASSERT_TRUE(file.Write("new").ok());
  EXPECT_TRUE(file.Publish(AtomicFile::kReplaceExisting).ok());
  EXPECT_EQ(Contents(scratch_ / "file"), "new");
  EXPECT_EQ(Names(scratch_.path()), std::vector<std::string>{"file"});
}

// A file system, or a kernel before 3.11.
constexpr test::Refusal kNoUnnamedFiles = {SYS_openat, EOPNOTSUPP, O_TMPFILE & ~O_DIRECTORY, 2};
// No /proc, or a policy.
constexpr test::Refusal kNoLinks = {SYS_linkat, EACCES};

TEST_F(AtomicFileTest, HasATemporaryNameWhereItMust) {
  const bool done = test::WithRefused({kNoUnnamedFiles}, [this] {
    {
      AtomicFile file = Make("file");
      ASSERT_TRUE(file.Open().ok());
      ASSERT_TRUE(file.Write("whole").ok());
      const std::vector<std::string> names = Names(scratch_.path());
      ASSERT_EQ(names.size(), 1u);
      EXPECT_EQ(NameOfTemporary(names[0]), "file");
      EXPECT_FALSE(IsAbandoned(directory_.get(), names[0]));
      EXPECT_TRUE(file.Publish(AtomicFile::kKeepExisting).ok());
      EXPECT_EQ(Names(scratch_.path()), std::vector<std::string>{"file"});
      EXPECT_EQ(Contents(scratch_ / "file"), "whole");
    }
    AtomicFile second = Make("file");
    ASSERT_TRUE(second.Open().ok());
    EXPECT_FALSE(second.Publish(AtomicFile::kKeepExisting).ok());
    EXPECT_TRUE(second.exists());
    second.Rename("other", scratch_ / "other");
    EXPECT_TRUE(second.Publish(AtomicFile::kKeepExisting).ok());
    AtomicFile given_up = Make("third");
    ASSERT_TRUE(given_up.Open().ok());
  });
  if (!done) GTEST_SKIP() << "no seccomp";
  EXPECT_EQ(Names(scratch_.path()), (std::vector<std::string>{"file", "other"}));
}

TEST_F(AtomicFileTest, IsCopiedWhereItCannotBeLinked) {
  const std::string contents(200'000, 'x');
  const bool done = test::WithRefused({kNoLinks}, [this, &contents] {
    for (const auto existing : {AtomicFile::kKeepExisting, AtomicFile::kReplaceExisting}) {
      AtomicFile file = Make("file");
      ASSERT_TRUE(file.Open().ok());
      ASSERT_TRUE(file.Write(contents).ok());
      const Status status = file.Publish(existing);
      EXPECT_TRUE(status.ok()) << status.text();
    }
    AtomicFile second = Make("file");
    ASSERT_TRUE(second.Open().ok());
    EXPECT_FALSE(second.Publish(AtomicFile::kKeepExisting).ok());
    EXPECT_TRUE(second.exists());
  });
  if (!done) GTEST_SKIP() << "no seccomp";
  EXPECT_EQ(Names(scratch_.path()), std::vector<std::string>{"file"});
  EXPECT_EQ(Contents(scratch_ / "file"), contents);
  struct stat entry;
  ASSERT_EQ(stat((scratch_ / "file").c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 07777, 0600u);
}

TEST(NameOfTemporary, KnowsItsOwnPatternOnly) {
  EXPECT_EQ(NameOfTemporary(".app.17.0000.heap.pb.gz.1cbfe0.tmp"), "app.17.0000.heap.pb.gz");
  for (const char* other : {"", ".tmp", "..tmp", ".a.tmp", ".a..tmp", ".a.xyz.tmp", ".a.ABC.tmp",
                            "a.abc.tmp", ".a.abc.tmp~", ".a.abc"}) {
    EXPECT_EQ(NameOfTemporary(other), "") << other;
  }
}

TEST_F(AtomicFileTest, IsAbandonedWhenNobodyHasItLocked) {
  test::WriteFile(scratch_ / ".file.abc.tmp", "half");
  ASSERT_EQ(symlink("file", (scratch_ / ".link.abc.tmp").c_str()), 0);
  EXPECT_TRUE(IsAbandoned(directory_.get(), ".file.abc.tmp"));
  EXPECT_FALSE(IsAbandoned(directory_.get(), ".link.abc.tmp"));
  EXPECT_FALSE(IsAbandoned(directory_.get(), ".none.abc.tmp"));
  const Descriptor writer = Open(scratch_ / ".file.abc.tmp", O_WRONLY);
  ASSERT_EQ(flock(writer.get(), LOCK_EX), 0);
  EXPECT_FALSE(IsAbandoned(directory_.get(), ".file.abc.tmp"));
}

TEST_F(AtomicFileTest, RemovesTheTemporaryAtTheFileSizeLimit) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 1000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  std::string text;
  {
    const BlockWriteSignals block;
    AtomicFile file = Make("file");
    EXPECT_TRUE(file.Open().ok());
    text = file.Write(std::string(5000, 'x')).text();
    EXPECT_TRUE(Names(scratch_.path()).empty());
    EXPECT_EQ(file.Write("more").text(), text) << "a failed file takes nothing more";
    EXPECT_EQ(file.Publish(AtomicFile::kReplaceExisting).text(), text);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(text, "cannot write " + (scratch_ / "file") +
                      ": File too large (EFBIG); the program's file size limit (ulimit -f) "
                      "forbids it");
  EXPECT_TRUE(Names(scratch_.path()).empty());
}

TEST_F(AtomicFileTest, RemovesTheTemporaryOnAFullDisk) {
  if (mount("none", scratch_.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "mounting a small file system takes root";
  }
  {
    const Descriptor small = Open(scratch_.path(), O_PATH | O_DIRECTORY);
    AtomicFile file(small.get(), "file", scratch_ / "file");
    EXPECT_TRUE(file.Open().ok());
    const Status status = file.Write(std::string(200'000, 'x'));
    EXPECT_NE(status.text().find("No space left on device (ENOSPC); free some space"),
              std::string::npos)
        << status.text();
    EXPECT_TRUE(Names(scratch_.path()).empty());
  }
  EXPECT_EQ(umount(scratch_.path().c_str()), 0);
}

TEST_F(AtomicFileTest, SaysWhyTheDirectoryCannotBeWritten) {
  const Descriptor proc = Open("/proc/self", O_PATH | O_DIRECTORY);
  AtomicFile file(proc.get(), "file", "/proc/self/file");
  const Status status = file.Open();
  EXPECT_TRUE(status.text().starts_with("cannot write /proc/self/file: ")) << status.text();
}

TEST_F(AtomicFileTest, FailsWhenItsDirectoryIsGone) {
  AtomicFile file = Make("file");
  ASSERT_TRUE(file.Open().ok());
  ASSERT_EQ(rmdir(scratch_.path().c_str()), 0);
  const Status status = file.Publish(AtomicFile::kKeepExisting);
  EXPECT_TRUE(status.text().starts_with("cannot write " + (scratch_ / "file") + ": No such file"))
      << status.text();
  EXPECT_FALSE(file.exists());
}

}  // namespace
}  // namespace pprofagent::service
