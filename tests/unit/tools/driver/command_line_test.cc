// SPDX-License-Identifier: Apache-2.0
#include "tools/driver/command_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace cpprof::driver {
namespace {

class CommandLineTest : public testing::Test {
 protected:
  CommandLine Parse(const std::vector<std::string>& arguments) {
    Result<CommandLine> line = ParseCommandLine(arguments, &notices_);
    if (line.ok()) return *line;
    ADD_FAILURE() << line.message();
    return {};
  }

  std::string Error(const std::vector<std::string>& arguments) {
    return ParseCommandLine(arguments, &notices_).status().message();
  }

  CollectedNotices notices_;
  const std::string directory_ = std::filesystem::temp_directory_path();
};

TEST_F(CommandLineTest, FormatOptionsAndSources) {
  const CommandLine line = Parse({"-top", "-cum", "-lines", "-nodecount=3", "a.pb.gz", "b.pb.gz"});
  ASSERT_NE(line.request.command, nullptr);
  EXPECT_EQ(line.request.command->name, "top");
  EXPECT_EQ(line.config.sort, "cum");
  EXPECT_EQ(line.config.granularity, "lines");
  EXPECT_EQ(line.config.node_count, 3);
  EXPECT_EQ(line.sources, (std::vector<std::string>{"a.pb.gz", "b.pb.gz"}));
}

TEST_F(CommandLineTest, FormatsWithAnExpression) {
  const CommandLine line = Parse({"-list=main", "a.pb.gz"});
  EXPECT_EQ(line.request.command->name, "list");
  EXPECT_EQ(line.request.regexp, "main");
}

TEST_F(CommandLineTest, NoFormatIsTheShell) {
  EXPECT_EQ(Parse({"a.pb.gz"}).request.command, nullptr);
}

TEST_F(CommandLineTest, FormsForPrograms) {
  EXPECT_EQ(Parse({"-tree", "-csv", "a.pb.gz"}).config.encoding, "csv");
  const CommandLine line = Parse({"-json", "a.pb.gz"});
  ASSERT_NE(line.request.command, nullptr);
  EXPECT_EQ(line.request.command->name, "top");
  EXPECT_EQ(Error({"-json", "-csv", "a.pb.gz"}), "conflicting options set: [json csv]");
  EXPECT_EQ(Error({"-svg", "-json", "a.pb.gz"}),
            "json is a form of top, text, tree, peek and tags, not of svg");
}

TEST_F(CommandLineTest, Limits) {
  const CommandLine line = Parse({"-fail_over", "flat=5%,cum=3ms", "-fail_only=^x", "a.pb.gz"});
  ASSERT_EQ(line.limits.size(), 2u);
  EXPECT_EQ(line.limits[1].unit, "ms");
  EXPECT_EQ(line.limited_functions, "^x");
  EXPECT_EQ(Parse({"-fail_over=growth=5%", "-diff_base=b.pb.gz", "a.pb.gz"}).limits.size(), 1u);
  // A variable that a script forgot to set is no wish for no limits.
  EXPECT_NE(Error({"-fail_over=", "a.pb.gz"}), "");
  EXPECT_NE(Error({"-fail_over=flat=5%", "-http=:0", "a.pb.gz"}), "");
  EXPECT_NE(Error({"-fail_over=flat=5%", "-base=b.pb.gz", "a.pb.gz"}).find("use -diff_base"),
            std::string::npos);
  EXPECT_EQ(Parse({"-fail_over=flat=5ms", "-base=b.pb.gz", "a.pb.gz"}).limits.size(), 1u);
  EXPECT_NE(Error({"-fail_over=growth=5%", "a.pb.gz"}).find("needs -diff_base"), std::string::npos);
  EXPECT_EQ(Error({"-fail_only=x", "a.pb.gz"}), "-fail_only only makes sense with -fail_over");
}

TEST_F(CommandLineTest, AKindBeforeADirectory) {
  const CommandLine line = Parse({"heap", directory_, "-top", "-pid", "7"});
  EXPECT_EQ(line.kind, "heap");
  EXPECT_EQ(line.pid, 7);
  EXPECT_EQ(line.sources, std::vector<std::string>{directory_});
}

TEST_F(CommandLineTest, AMisspelledKindIsNamed) {
  EXPECT_EQ(Error({"haep", directory_}),
            "haep is neither a file nor a command; did you mean heap?");
  EXPECT_EQ(Error({"top", "a.pb.gz"}), "top is neither a file nor a host; did you mean -top?");
}

TEST_F(CommandLineTest, AProgramBeforeAProfile) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  const CommandLine line = Parse({program, "a.pb.gz"});
  EXPECT_EQ(line.executable, program);
  EXPECT_EQ(line.sources, std::vector<std::string>{"a.pb.gz"});
  EXPECT_EQ(Parse({program}).sources, std::vector<std::string>{program});
}

TEST_F(CommandLineTest, ABuildIdBeforeAProfile) {
  EXPECT_EQ(Parse({"ABCdef0123", "a.pb.gz"}).build_id, "ABCdef0123");
}

TEST_F(CommandLineTest, Bases) {
  const CommandLine line = Parse({"-top", "-diff_base=old.pb.gz", "-normalize", "new.pb.gz"});
  EXPECT_TRUE(line.diff_base);
  EXPECT_EQ(line.bases, std::vector<std::string>{"old.pb.gz"});
  EXPECT_EQ(Error({"-normalize", "a"}), "must have base profile to normalize by");
  EXPECT_EQ(Error({"-base=a", "-diff_base=b", "c"}),
            "-base and -diff_base flags cannot both be specified");
}

TEST_F(CommandLineTest, ShortFormsOfSampleTypes) {
  EXPECT_EQ(Parse({"-inuse_space", "a"}).config.sample_index, "inuse_space");
  const CommandLine mean = Parse({"-mean_delay", "a"});
  EXPECT_EQ(mean.config.sample_index, "delay");
  EXPECT_TRUE(mean.config.mean);
  Parse({"-contentions", "-alloc_space", "a"});
  EXPECT_EQ(notices_.lines(),
            std::vector<std::string>{"Multiple value selections, ignoring -alloc_space"});
}

TEST_F(CommandLineTest, Conflicts) {
  EXPECT_EQ(Error({"-top", "-tree", "a"}), "must set at most one output format");
  EXPECT_EQ(Error({"-files", "-lines", "a"}), "conflicting options set: [files lines]");
  EXPECT_EQ(Error({"-http=:0", "-top", "a"}),
            "-http is not compatible with an output format on the command line");
  EXPECT_EQ(Error({"-no_browser", "a"}), "-no_browser only makes sense with -http");
  EXPECT_EQ(Error({"-top"}).substr(0, 27), "no profile source specified");
}

}  // namespace
}  // namespace cpprof::driver
