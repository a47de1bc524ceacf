// SPDX-License-Identifier: Apache-2.0
#include "tools/base/path.h"

#include <gtest/gtest.h>

namespace cpprof {
namespace {

TEST(PathTest, CleanResolvesDotsAndSlashes) {
  EXPECT_EQ(CleanPath(""), ".");
  EXPECT_EQ(CleanPath("/"), "/");
  EXPECT_EQ(CleanPath("a//b/./c/.."), "a/b");
  EXPECT_EQ(CleanPath("../a/../.."), "../..");
  EXPECT_EQ(CleanPath("/../a/"), "/a");
}

TEST(PathTest, BaseAndDirectory) {
  EXPECT_EQ(BaseName("/a/b/"), "b");
  EXPECT_EQ(BaseName(""), ".");
  EXPECT_EQ(BaseName("///"), "/");
  EXPECT_EQ(DirName("/a/b"), "/a");
  EXPECT_EQ(DirName("b"), ".");
  EXPECT_EQ(DirName("/b"), "/");
}

TEST(PathTest, JoinLeavesOutEmptyParts) {
  EXPECT_EQ(JoinPath("a/", "/b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("a", ""), "a");
}

}  // namespace
}  // namespace cpprof
