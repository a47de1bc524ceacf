// SPDX-License-Identifier: Apache-2.0
#include "tools/shell/command_parser.h"

#include <gtest/gtest.h>

namespace cpprof::shell {
namespace {

ParsedCommand Parse(const std::string& line) {
  Result<ParsedCommand> parsed = ParseCommand(line, {});
  if (parsed.ok()) return *parsed;
  ADD_FAILURE() << parsed.message();
  return {};
}

std::string Error(const std::string& line) { return ParseCommand(line, {}).status().message(); }

TEST(CommandParserTest, ArgumentsOfTop) {
  const ParsedCommand parsed = Parse("top5 -cum alpha beta -gamma -delta >out.txt");
  EXPECT_EQ(parsed.request.command->name, "top");
  EXPECT_EQ(parsed.config.node_count, 5);
  EXPECT_EQ(parsed.config.sort, "cum");
  EXPECT_EQ(parsed.config.focus, "alpha|beta");
  EXPECT_EQ(parsed.config.ignore, "gamma|delta");
  EXPECT_EQ(parsed.config.output, "out.txt");
}

TEST(CommandParserTest, TopShowsAScreenful) {
  EXPECT_EQ(Parse("top").config.node_count, 10);
  EXPECT_EQ(Parse("tree").config.node_count, -1);
}

TEST(CommandParserTest, TagsFilterLabels) {
  const ParsedCommand parsed = Parse("tags user -path > file");
  EXPECT_EQ(parsed.config.tag_focus, "user");
  EXPECT_EQ(parsed.config.tag_ignore, "path");
  EXPECT_EQ(parsed.config.focus, "");
  EXPECT_EQ(parsed.config.output, "file");
}

TEST(CommandParserTest, ListTakesAnExpressionFirst) {
  const ParsedCommand parsed = Parse("list main alpha");
  EXPECT_EQ(parsed.request.regexp, "main");
  EXPECT_EQ(parsed.config.focus, "alpha");
}

TEST(CommandParserTest, WhereItGoes) {
  EXPECT_EQ(Parse("top >a").destination.file, "a");
  EXPECT_FALSE(Parse("top > a").destination.append);
  EXPECT_EQ(Parse("top >>a").destination.file, "a");
  EXPECT_TRUE(Parse("top >> a").destination.append);
  driver::Config config;
  config.output = "always";
  EXPECT_EQ(ParseCommand("top", config)->destination.file, "always");
  EXPECT_EQ(ParseCommand("top | cat", config)->destination.file, "");
  EXPECT_EQ(Error("top >>"), "unexpected end of line after >>");
  EXPECT_EQ(Error("top >a | cat"), "a report goes to a file or through a command, not both");
}

TEST(CommandParserTest, APipeStartsAWord) {
  EXPECT_EQ(Parse("top 5 a|b | grep 'x | y'").destination.pipe, "grep 'x | y'");
  EXPECT_EQ(Parse("top 5 a|b | grep x").config.focus, "a|b");
  EXPECT_EQ(Parse("top a|b -c|d").destination.pipe, "");
  EXPECT_EQ(Parse("top5|grep x").destination.pipe, "grep x");
  EXPECT_EQ(Parse("list a |less").destination.pipe, "less");
  EXPECT_EQ(Error("top | "), "unexpected end of line after |");
  EXPECT_EQ(Error("| cat"), "unrecognized command: \"|\"");
}

TEST(CommandParserTest, Errors) {
  EXPECT_EQ(Error("list"), "command list requires an argument");
  EXPECT_EQ(Error("top >"), "unexpected end of line after >");
  EXPECT_EQ(Error("nonsense"), "unrecognized command: \"nonsense\"");
  EXPECT_EQ(Error("focus main"), "did you mean: focus=main");
  EXPECT_EQ(Error("nodecount 5"), "did you mean: nodecount=5");
  EXPECT_EQ(Error("unit"), "did you mean: unit=<val>");
}

}  // namespace
}  // namespace cpprof::shell
