// SPDX-License-Identifier: Apache-2.0
#include "tools/report/limits.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"
#include "tools/base/regexp.h"
#include "tools/base/strings.h"
#include "tools/profile/aggregate.h"
#include "tools/profile/merge.h"

namespace cpprof::report {
namespace {

class LimitsTest : public testing::Test {
 protected:
  LimitsTest() {
    options_.weighting.column = 1;
    options_.sample_type = "cpu";
    options_.sample_unit = "nanoseconds";
    options_.output_unit = "minimum";
    options_.node_fraction = 0.005;
  }

  // The lines, or the error.
  std::string Check(const std::string& limits) {
    const auto parsed = ParseLimits(limits);
    if (!parsed.ok()) return "error: " + parsed.message();
    profile::Aggregate(&profile_, {.filename = false, .line = false, .address = false});
    Report report(&profile_, options_);
    const auto excesses = FindExcesses(&report, *parsed);
    if (!excesses.ok()) return "error: " + excesses.message();
    any_function_ = excesses->any_function;
    return Join(excesses->lines, "\n");
  }

  // Before: main -> hash 400, main -> idle 300, main -> tiny 1.
  void UseBase() {
    ExampleBuilder builder;
    const profile::Label base =
        builder.profile().TextLabel(profile::kDiffBaseKey, profile::kDiffBaseValue);
    builder.Add({"hash", "main"}, -400, {base});
    builder.Add({"idle", "main"}, -300, {base});
    builder.Add({"tiny", "main"}, -1, {base});
    builder.Add({"hash", "main"}, 500);
    builder.Add({"idle", "main"}, 250);
    builder.Add({"tiny", "main"}, 3);
    builder.Add({"fresh", "main"}, 30);
    profile_ = builder.profile();
  }

  profile::Profile profile_ = ExampleProfile();
  Options options_;
  bool any_function_ = false;
};

TEST_F(LimitsTest, SharesOfTheTotal) {
  EXPECT_EQ(Check("flat=30%"), "hash: flat 60.00% (600ns of 1us), limit flat=30%");
  EXPECT_EQ(Check("flat=60%"), "");
  EXPECT_EQ(Check("cum=69.9%"),
            "main: cum 100.00% (1us of 1us), limit cum=69.9%\n"
            "work: cum 70.00% (700ns of 1us), limit cum=69.9%");
}

TEST_F(LimitsTest, AbsoluteValuesInAnyUnitThatFits) {
  EXPECT_EQ(Check("flat=0.5us"), "hash: flat 60.00% (600ns of 1us), limit flat=0.5us");
  EXPECT_EQ(Check("flat=599"), "hash: flat 60.00% (600ns of 1us), limit flat=599");
  EXPECT_EQ(Check("flat=600ns, cum=1us"), "");
  EXPECT_EQ(Check("flat=1MB"),
            "error: limit flat=1MB: samples are in nanoseconds, which cannot be converted to MB");
}

TEST_F(LimitsTest, OnlyFunctionsThatMatch) {
  options_.symbol = *CompileRegexp("^wo");
  EXPECT_EQ(Check("flat=5%,cum=5%"),
            "work: flat 10.00% (100ns of 1us), limit flat=5%\n"
            "work: cum 70.00% (700ns of 1us), limit cum=5%");
  EXPECT_TRUE(any_function_);
  options_.symbol = *CompileRegexp("nobody");
  EXPECT_EQ(Check("flat=5%"), "");
  EXPECT_FALSE(any_function_);
}

TEST_F(LimitsTest, DifferencesAreIncreases) {
  UseBase();
  // Of the base's 701: hash +100, idle -50, fresh +30.
  EXPECT_EQ(Check("flat=10%"), "hash: flat 14.27% (100ns of 701ns), limit flat=10%");
  EXPECT_EQ(Check("flat=29"),
            "hash: flat 14.27% (100ns of 701ns), limit flat=29\n"
            "fresh: flat 4.28% (30ns of 701ns), limit flat=29");
}

TEST_F(LimitsTest, GrowthIsOfTheFunctionItself) {
  UseBase();
  EXPECT_EQ(Check("growth=20%"),
            "hash: growth 25.00% (from 400ns to 500ns), limit growth=20%\n"
            "fresh: growth from nothing to 30ns, limit growth=20%");
  EXPECT_EQ(Check("growth=90ns"), "hash: growth 100ns (from 400ns to 500ns), limit growth=90ns");
  // Tiny has tripled, but was and is below half a percent; until that counts.
  options_.node_fraction = 0;
  EXPECT_NE(Check("growth=20%").find("tiny: growth 200.00% (from 1ns to 3ns)"), std::string::npos);
}

TEST_F(LimitsTest, NonsenseIsRefused) {
  for (const std::string limits : {"", "flat", "flat=", "flat=%", "flat=-1", "flat=1e3%", "fat=3%",
                                   "flat=3%,", "flat=1..2", "flat=5 %x", "=5%"}) {
    EXPECT_NE(Check(limits).find("is no limit: limits are flat=BOUND"), std::string::npos)
        << limits << ": " << Check(limits);
  }
}

}  // namespace
}  // namespace cpprof::report
