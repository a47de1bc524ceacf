// SPDX-License-Identifier: Apache-2.0
#include "tools/driver/tag_filter.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"

namespace cpprof::driver {
namespace {

class TagFilterTest : public testing::Test {
 protected:
  // Which of the example's samples the expression selects: "101" is the first and the last.
  std::string Select(const std::string& expression) {
    const Result<TagFilter> filter =
        CompileTagFilter("tagfocus", expression, profile_, {{"bytes", "bytes"}}, &notices_);
    if (!filter.ok()) return filter.message();
    std::string out;
    for (size_t row = 0; row < profile_.samples.size(); ++row) {
      out += (*filter)(profile_.samples.Labels(row)) ? '1' : '0';
    }
    return out;
  }

  profile::Profile profile_ = ExampleProfile();
  CollectedNotices notices_;
};

TEST_F(TagFilterTest, Ranges) {
  EXPECT_EQ(Select("2kb"), "010");
  EXPECT_EQ(Select("2048b"), "010");
  EXPECT_EQ(Select(":2kb"), "010");
  EXPECT_EQ(Select("+3kb:"), "000");
  EXPECT_EQ(Select("1kb:4kb"), "010");
  EXPECT_EQ(Select("bytes=1kb:"), "010");
  EXPECT_EQ(Select("other=1kb:"), "000");
  EXPECT_EQ(Select("2s"), "000");
  ASSERT_FALSE(notices_.lines().empty());
  EXPECT_EQ(notices_.lines()[0], "tagfocus:Interpreted '2kb' as range, not regexp");
}

TEST_F(TagFilterTest, ExpressionsOnKeyAndValue) {
  EXPECT_EQ(Select("user"), "110");
  EXPECT_EQ(Select("bob|eve"), "110");
  EXPECT_EQ(Select("user:bob,b$"), "100");
  EXPECT_EQ(Select("bob,eve"), "000");
}

TEST_F(TagFilterTest, WithAKeyAnyValueIsEnough) {
  EXPECT_EQ(Select("user=bob,eve"), "110");
  EXPECT_EQ(Select("use=bob"), "000");
}

TEST_F(TagFilterTest, BrokenExpressions) {
  EXPECT_EQ(Select("a,*"),
            "parsing tagfocus regexp: error parsing regexp: missing argument to repetition "
            "operator: `*`");
}

}  // namespace
}  // namespace cpprof::driver
