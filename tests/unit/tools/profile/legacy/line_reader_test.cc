// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/line_reader.h"

#include <gtest/gtest.h>

namespace cpprof::profile::legacy {
namespace {

TEST(LineReader, LinesWithoutTheirEnds) {
  LineReader lines("a\r\n\nb");
  ASSERT_TRUE(lines.Next());
  EXPECT_EQ(lines.line(), "a");
  ASSERT_TRUE(lines.Next());
  EXPECT_EQ(lines.line(), "");
  ASSERT_TRUE(lines.Next());
  EXPECT_EQ(lines.line(), "b");
  EXPECT_FALSE(lines.Next());
  EXPECT_EQ(lines.line(), "");
  EXPECT_TRUE(lines.status().ok());
}

TEST(LineReader, TooLongALineIsAnError) {
  const std::string longest(65535, 'x');
  const std::string fits = longest + "\n";
  LineReader good(fits);
  EXPECT_TRUE(good.Next());
  const std::string over = "x" + fits;
  LineReader bad(over);
  EXPECT_FALSE(bad.Next());
  EXPECT_FALSE(bad.status().ok());
  EXPECT_FALSE(bad.Next());
}

TEST(IsSpaceOrComment, Cases) {
  EXPECT_TRUE(IsSpaceOrComment(" \t"));
  EXPECT_TRUE(IsSpaceOrComment("  # x"));
  EXPECT_FALSE(IsSpaceOrComment(" x #"));
}

}  // namespace
}  // namespace cpprof::profile::legacy
