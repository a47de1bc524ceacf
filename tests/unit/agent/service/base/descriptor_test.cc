// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/descriptor.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "tests/unit/agent/service/support/refusal.h"
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

TEST(ForbidDescriptors, ConcernsThisThreadOnly) {
  std::thread([] {
    EXPECT_TRUE(MayOpenDescriptors());
    ForbidDescriptors();
    EXPECT_FALSE(MayOpenDescriptors());
    EXPECT_FALSE(Open("/dev/null", O_RDONLY).valid());
    EXPECT_EQ(errno, EPERM);
  }).join();
  EXPECT_TRUE(MayOpenDescriptors());
  EXPECT_TRUE(Open("/dev/null", O_RDONLY).valid());
}

std::vector<int> OpenDescriptors() {
  std::vector<int> open;
  for (int fd = 0; fd < 1100; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) open.push_back(fd);
  }
  return open;
}

TEST(CloseDescriptorsFrom, LeavesOnlyThoseBelow) {
  const std::vector<int> before = OpenDescriptors();
  std::thread([] {
    ASSERT_EQ(unshare(CLONE_FILES), 0);
    for (int fd = 0; fd < 1000; fd += 3) dup2(STDERR_FILENO, fd);
    dup2(STDERR_FILENO, STDIN_FILENO);
    CloseDescriptorsFrom(3);
    for (const int fd : OpenDescriptors()) EXPECT_LT(fd, 3);
    EXPECT_GE(fcntl(STDERR_FILENO, F_GETFD), 0);
    CloseDescriptorsFrom(0);
    EXPECT_TRUE(OpenDescriptors().empty());
  }).join();
  EXPECT_EQ(OpenDescriptors(), before) << "the other table is untouched";
}

TEST(CloseDescriptorsFrom, WorksInAFullTable) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few = {256, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  std::thread([] {
    ASSERT_EQ(unshare(CLONE_FILES), 0);
    while (dup(STDERR_FILENO) >= 0) {
    }
    EXPECT_EQ(errno, EMFILE);
    CloseDescriptorsFrom(0);
    EXPECT_TRUE(OpenDescriptors().empty());
  }).join();
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(CloseDescriptorsFrom, WorksWithoutAList) {
  const bool done = test::WithRefused({{SYS_openat, ENOENT}}, [] {
    ASSERT_EQ(unshare(CLONE_FILES), 0);
    CloseDescriptorsFrom(0);
    EXPECT_TRUE(OpenDescriptors().empty());
  });
  if (!done) GTEST_SKIP() << "no seccomp";
}

}  // namespace
}  // namespace pprofagent::service
