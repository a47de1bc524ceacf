// SPDX-License-Identifier: Apache-2.0
#include "tools/driver/generate.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"

namespace cpprof::driver {
namespace {

class GenerateTest : public testing::Test {
 protected:
  GenerateTest() { config_.compact_labels = true; }

  std::string Generate(const std::string& command, const std::string& regexp = "") {
    const Result<std::string> report =
        GenerateReport(ExampleProfile(), {FindCommand(command), regexp}, config_, &notices_);
    return report.ok() ? *report : "error: " + report.message();
  }

  Config config_;
  CollectedNotices notices_;
};

TEST_F(GenerateTest, PercentagesAreOfEverythingUnlessRelative) {
  config_.focus = "hash";
  EXPECT_NE(Generate("top").find("60.00% of 1000ns total"), std::string::npos);
  config_.relative_percentages = true;
  EXPECT_NE(Generate("top").find("100% of 600ns total"), std::string::npos);
}

TEST_F(GenerateTest, FormsForPrograms) {
  config_.encoding = "csv";
  EXPECT_TRUE(Generate("top").starts_with("name,function,"));
  EXPECT_TRUE(Generate("tags").starts_with("key,text,"));
  EXPECT_EQ(Generate("traces"),
            "error: csv is a form of top, text, tree, peek and tags, not of traces");
  config_.encoding = "json";
  EXPECT_TRUE(Generate("peek", "work").starts_with("{"));
}

TEST_F(GenerateTest, LimitsSeeFiltersAndGranularity) {
  config_.focus = "work";
  config_.granularity = "files";
  const auto excesses =
      FindExcesses(ExampleProfile(), *report::ParseLimits("flat=20%"), "", config_, &notices_);
  ASSERT_TRUE(excesses.ok()) << excesses.message();
  ASSERT_EQ(excesses->lines.size(), 1u);
  EXPECT_EQ(excesses->lines[0], "hash.cc: flat 60.00% (600ns of 1us), limit flat=20%");
}

TEST_F(GenerateTest, GranularityChoosesNames) {
  config_.granularity = "lines";
  EXPECT_NE(Generate("top").find("  hash hash.cc:10\n"), std::string::npos);
  config_.granularity = "files";
  EXPECT_NE(Generate("top").find("  hash.cc\n"), std::string::npos);
  config_.granularity = "addresses";
  EXPECT_NE(Generate("top").find("  0000000000001000 hash hash.cc:10\n"), std::string::npos);
}

TEST_F(GenerateTest, LabelsAsFrames) {
  config_.tag_root = "user";
  const std::string text = Generate("top");
  EXPECT_NE(text.find("     600ns 60.00%  bob\n"), std::string::npos) << text;
  config_.tag_root = "nosuchkey";
  Generate("top");
  EXPECT_EQ(notices_.lines().back(), "TagRoot expression matched no samples");
}

TEST_F(GenerateTest, FiltersThatMatchNothingAreNamed) {
  config_.focus = "zzz";
  Generate("top");
  EXPECT_EQ(notices_.lines(), std::vector<std::string>{"Focus expression matched no samples"});
}

TEST_F(GenerateTest, Errors) {
  EXPECT_EQ(Generate("peek", "("),
            "error: parsing argument regexp (: error parsing regexp: missing closing ): `(`");
  config_.sample_index = "zzz";
  EXPECT_EQ(Generate("top"), "error: sample_index \"zzz\" must be one of: [samples cpu]");
  config_.sample_index = "2";
  EXPECT_EQ(Generate("top"), "error: sample_index 2 is outside the range [0..1]");
  config_.sample_index = "";
  config_.divide_by = 0;
  EXPECT_EQ(Generate("top"), "error: zero divisor specified");
}

TEST_F(GenerateTest, SampleTypesByNumberNameAndDefault) {
  profile::Profile profile = ExampleProfile();
  EXPECT_EQ(*FindSampleIndex(profile, ""), 1u);
  EXPECT_EQ(*FindSampleIndex(profile, "0"), 0u);
  EXPECT_EQ(*FindSampleIndex(profile, "inuse_cpu"), 1u);
  profile.default_sample_type = profile.Intern("samples");
  EXPECT_EQ(*FindSampleIndex(profile, ""), 0u);
}

}  // namespace
}  // namespace cpprof::driver
