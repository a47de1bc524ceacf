// SPDX-License-Identifier: Apache-2.0
#include "tools/shell/completion.h"

#include <gtest/gtest.h>

#include "tools/base/strings.h"

namespace cpprof::shell {
namespace {

profile::Profile Example() {
  profile::Profile profile;
  profile.AddSampleType("samples", "count");
  profile.AddSampleType("cpu", "nanoseconds");
  for (const char* name :
       {"main", "mangledMALLOC", "mangledNEW", "pruneme", "fn(int, char*)", "evil\x1b[2J"}) {
    profile.AddFunction(name, name, "a.cc");
  }
  const auto location = profile.AddLocation(0x1000);
  profile.AddSample({{location}}, {{1, 2}}, {profile.TextLabel("user", "ann")});
  return profile;
}

// The line after Tab.
std::string After(const std::string& line) {
  const profile::Profile profile = Example();
  const Completion completion = Complete(line, profile);
  const std::string typed = line.substr(line.size() - completion.replaced);
  const std::string common = completion.Common(typed);
  return common.empty() ? line : line.substr(0, line.size() - typed.size()) + common;
}

std::string Choices(const std::string& line) { return Join(Complete(line, Example()).words, " "); }

TEST(CompletionTest, CommandsAndOptionsByTheirStart) {
  EXPECT_EQ(After("dis"), "disasm ");
  EXPECT_EQ(After("  dis"), "  disasm ");
  EXPECT_EQ(After("xyz"), "xyz");
  EXPECT_EQ(After("t"), "t");
  EXPECT_EQ(After("EdGeF"), "edgefraction=");
  EXPECT_EQ(After("relative_perc"), "relative_percentages");
  EXPECT_EQ(After("qu"), "quit ");
  EXPECT_EQ(After("help dis"), "help disasm ");
  EXPECT_EQ(After("help coMpa"), "help compact_labels ");
  EXPECT_EQ(Choices("to"), "top topproto total_cpu total_samples");
}

TEST(CompletionTest, FunctionsByAnyPartOfTheirName) {
  EXPECT_EQ(After("top mangledM"), "top mangledMALLOC ");
  EXPECT_EQ(After("top5 cmd edMA"), "top5 cmd mangledMALLOC ");
  EXPECT_EQ(After("top -mangledM"), "top -mangledMALLOC ");
  EXPECT_EQ(After("top mang"), "top mangled");
  EXPECT_EQ(After("top ang"), "top ang");
  EXPECT_EQ(Choices("top ang"), "mangledMALLOC mangledNEW");
  EXPECT_EQ(After("cmd mangledM"), "cmd mangledM");
  EXPECT_EQ(After("focus=main|pru"), "focus=main|pruneme ");
}

TEST(CompletionTest, NamesBecomeExpressionsThatMatchThem) {
  EXPECT_EQ(After("peek fn"), "peek fn\\(int,.char\\*\\) ");
  EXPECT_EQ(After("peek fn\\("), "peek fn\\(int,.char\\*\\) ");
}

TEST(CompletionTest, ValuesOfOptions) {
  EXPECT_EQ(After("sort=c"), "sort=cum ");
  EXPECT_EQ(After("trim=f"), "trim=false ");
  EXPECT_EQ(After("sample_index=c"), "sample_index=cpu ");
  EXPECT_EQ(After("tagfocus=u"), "tagfocus=user=");
  EXPECT_EQ(After("tagroot=x,u"), "tagroot=x,user");
  EXPECT_EQ(After("tags u"), "tags user ");
  EXPECT_EQ(Choices("granularity=fi"), "filefunctions files");
}

TEST(CompletionTest, NothingThatSteersTheTerminal) { EXPECT_EQ(Choices("top evil"), ""); }

TEST(CompletionTest, NothingBehindAPipe) {
  EXPECT_EQ(Choices("top | ma"), "");
  EXPECT_EQ(Choices("top | grep ma"), "");
}

}  // namespace
}  // namespace cpprof::shell
