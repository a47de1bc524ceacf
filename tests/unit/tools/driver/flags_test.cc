// SPDX-License-Identifier: Apache-2.0
#include "tools/driver/flags.h"

#include <gtest/gtest.h>

namespace cpprof::driver {
namespace {

class FlagsTest : public testing::Test {
 protected:
  FlagsTest() {
    flags_.Bool("top", &top_);
    flags_.Int("nodecount", &count_);
    flags_.Double("nodefraction", &fraction_);
    flags_.String("focus", &focus_);
  }

  // The rest joined by spaces, or the error.
  std::string Parse(const std::vector<std::string>& arguments) {
    const auto rest = flags_.Parse(arguments, &help_);
    if (!rest.ok()) return "error: " + rest.message();
    std::string out;
    for (const std::string& word : *rest) out += (out.empty() ? "" : " ") + word;
    return out;
  }

  FlagSet flags_;
  bool top_ = false;
  bool help_ = false;
  int64_t count_ = -1;
  double fraction_ = 0;
  std::string focus_;
};

TEST_F(FlagsTest, AllSpellings) {
  EXPECT_EQ(Parse({"-top", "--nodecount", "5", "-focus=a=b", "-nodefraction=.5", "x", "y"}), "x y");
  EXPECT_TRUE(top_);
  EXPECT_EQ(count_, 5);
  EXPECT_EQ(focus_, "a=b");
  EXPECT_EQ(fraction_, 0.5);
}

TEST_F(FlagsTest, BooleansTakeNoSecondWord) {
  EXPECT_EQ(Parse({"-top", "false"}), "false");
  EXPECT_TRUE(top_);
  EXPECT_EQ(Parse({"-top=false"}), "");
  EXPECT_FALSE(top_);
}

TEST_F(FlagsTest, FlagsMayFollowArguments) {
  EXPECT_EQ(Parse({"cpu.pb.gz", "-top", "-nodecount", "3", "other"}), "cpu.pb.gz other");
  EXPECT_TRUE(top_);
  EXPECT_EQ(count_, 3);
}

TEST_F(FlagsTest, TwoDashesEndThem) {
  EXPECT_EQ(Parse({"a", "--", "-top"}), "a -top");
  EXPECT_FALSE(top_);
}

TEST_F(FlagsTest, ADashIsAnArgument) { EXPECT_EQ(Parse({"-"}), "-"); }

TEST_F(FlagsTest, IntegersHaveBases) {
  EXPECT_EQ(Parse({"-nodecount=0x10"}), "");
  EXPECT_EQ(count_, 16);
  EXPECT_EQ(Parse({"-nodecount=-9223372036854775808"}), "");
  EXPECT_EQ(count_, INT64_MIN);
}

TEST_F(FlagsTest, ErrorsNameTheFlag) {
  EXPECT_EQ(Parse({"-nodecount=abc"}),
            "error: invalid value \"abc\" for flag -nodecount: parse error");
  EXPECT_EQ(Parse({"-nodecount=9223372036854775808"}),
            "error: invalid value \"9223372036854775808\" for flag -nodecount: value out of range");
  EXPECT_EQ(Parse({"-top=maybe"}), "error: invalid boolean value \"maybe\" for -top: parse error");
  EXPECT_EQ(Parse({"-nodecount"}), "error: flag needs an argument: -nodecount");
  EXPECT_EQ(Parse({"---top"}), "error: bad flag syntax: ---top");
  EXPECT_EQ(Parse({"-zzzzzz"}), "error: flag provided but not defined: -zzzzzz");
  EXPECT_EQ(Parse({"-focsu=x"}),
            "error: flag provided but not defined: -focsu (did you mean -focus?)");
}

TEST_F(FlagsTest, HelpEndsParsing) {
  EXPECT_EQ(Parse({"-h", "-zzz"}), "");
  EXPECT_TRUE(help_);
}

}  // namespace
}  // namespace cpprof::driver
