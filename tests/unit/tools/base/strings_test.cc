// SPDX-License-Identifier: Apache-2.0
#include "tools/base/strings.h"

#include <gtest/gtest.h>

namespace cpprof {
namespace {

using Words = std::vector<std::string_view>;

TEST(StringsTest, SplitKeepsEmptyPieces) {
  EXPECT_EQ(Split("a,,b", ','), (Words{"a", "", "b"}));
  EXPECT_EQ(Split("", ','), (Words{""}));
}

TEST(StringsTest, FieldsSkipsWhiteSpace) {
  EXPECT_EQ(Fields("  top\t5 "), (Words{"top", "5"}));
  EXPECT_TRUE(Fields(" \n").empty());
}

TEST(StringsTest, FormatGrowsBeyondItsFirstBuffer) {
  EXPECT_EQ(StrFormat("%s-%d", std::string(1000, 'x').c_str(), 7), std::string(1000, 'x') + "-7");
}

TEST(StringsTest, IntegersAreWholeOrNothing) {
  EXPECT_EQ(ParseInt("-12"), -12);
  EXPECT_EQ(ParseInt("+12"), 12);
  EXPECT_FALSE(ParseInt("+-12"));
  EXPECT_FALSE(ParseInt("12x"));
  EXPECT_FALSE(ParseInt("9223372036854775808"));
  EXPECT_EQ(ParseUint("0x10", 0), 16u);
  EXPECT_EQ(ParseUint("010", 0), 8u);
  EXPECT_EQ(ParseUint("ff", 16), 255u);
}

TEST(StringsTest, QuoteShowsWhatCannotBePrinted) {
  EXPECT_EQ(Quote("a\"b\\\n"), R"("a\"b\\\n")");
  EXPECT_EQ(Quote("\x01\xff"), R"("\x01\xff")");
  EXPECT_EQ(Quote("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
}

TEST(StringsTest, PaddingCountsCodePoints) {
  EXPECT_EQ(PadLeft("\xc3\xbc", 3), "  \xc3\xbc");
  EXPECT_EQ(PadRight("abc", 2), "abc");
}

TEST(StringsTest, NearestFindsTyposOnly) {
  const std::vector<std::string> words = {"top", "traces", "tree"};
  EXPECT_EQ(Nearest("trces", words), "traces");
  EXPECT_EQ(Nearest("tpo", words), "top");
  EXPECT_FALSE(Nearest("zzzzzz", words));
}

}  // namespace
}  // namespace cpprof
