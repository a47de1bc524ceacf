// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"
#include "tools/profile/stacks/stacks.h"

namespace cpprof::profile::stacks {
namespace {

std::string Read(std::string_view text) {
  const Parsed parsed = Parse(text);
  if (!parsed) return "another format";
  return parsed->ok() ? ShowSamples(**parsed) : "error: " + parsed->message();
}

TEST(FoldedTest, ReadsStacksRootFirst) {
  EXPECT_EQ(Read("main;work;hash 600\n"
                 "# a comment\n"
                 "\n"
                 "main;operator new(unsigned long) 100\r\n"
                 "main 3"),
            "hash;work;main 600\n"
            "operator new(unsigned long);main 100\n"
            "main 3\n");
}

TEST(FoldedTest, KeepsWhatOthersWrite) {
  EXPECT_EQ(Read("a;;b -5\n"), "b;[unknown];a -5\n");
  EXPECT_EQ(Read("\t a;b \t 7 \n"), "b;a 7\n");
  const std::string deep = "f" + std::string(100'000, 'x');
  EXPECT_EQ(Read("main;" + deep + " 1\n"), deep + ";main 1\n");
}

TEST(FoldedTest, CountsHaveAType) {
  const Parsed parsed = Parse("a;b 1\n");
  ASSERT_TRUE(parsed && parsed->ok());
  const Profile& profile = **parsed;
  ASSERT_EQ(profile.sample_types.size(), 1u);
  EXPECT_EQ(profile.Text(profile.sample_types[0].type), "samples");
  EXPECT_EQ(profile.Text(profile.sample_types[0].unit), "count");
  EXPECT_EQ(profile.functions.size(), 2u);
}

TEST(FoldedTest, ALineThatDoesNotFitIsNamed) {
  EXPECT_EQ(Read("a;b 1\na;b\n"),
            "error: folded stacks: line 2: is not of the form \"main;work 12\"");
  EXPECT_EQ(Read("a;b 1.5\n"),
            "error: folded stacks: line 1: \"1.5\" is not a whole number of 64 bits");
  EXPECT_EQ(Read("a;b 1\na;c 99999999999999999999\n"),
            "error: folded stacks: line 2: \"99999999999999999999\" is not a whole number of 64 "
            "bits");
  EXPECT_EQ(Read("a;b 1\n\na;\x01 1\n"),
            "error: folded stacks: line 3: is not of the form \"main;work 12\"");
}

TEST(FoldedTest, OtherTextIsLeftAlone) {
  EXPECT_EQ(Read(""), "another format");
  EXPECT_EQ(Read("hello\n"), "another format");
  EXPECT_EQ(Read("apples 3\npears 5\n"), "another format");
  EXPECT_EQ(Read("a 1\n<html>\na;b 1\n"), "another format");
  EXPECT_EQ(Read("goroutine profile: total 3\n"), "another format");
  EXPECT_EQ(Read(std::string_view("a;b\0c 1\n", 8)), "another format");
  EXPECT_EQ(Read("; 5x\n"), "another format");
}

}  // namespace
}  // namespace cpprof::profile::stacks
