// SPDX-License-Identifier: Apache-2.0
#include "tools/report/formats.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"
#include "tools/base/regexp.h"
#include "tools/profile/aggregate.h"
#include "tools/report/label_units.h"

namespace cpprof::report {
namespace {

class FormatsTest : public testing::Test {
 protected:
  FormatsTest() {
    options_.weighting.column = 1;
    options_.sample_type = "cpu";
    options_.sample_unit = "nanoseconds";
    options_.output_unit = "minimum";
  }

  void UseFunctions() {
    profile::Aggregate(&profile_, {.filename = false, .line = false, .address = false});
  }

  std::string Write(Status (*write)(Report*, std::string*), Layout layout) {
    options_.layout = layout;
    options_.label_units = FindLabelUnits(profile_, &notices_);
    Report report(&profile_, options_);
    std::string out;
    const Status status = write(&report, &out);
    return status.ok() ? out : "error: " + status.message();
  }

  profile::Profile profile_ = ExampleProfile();
  Options options_;
  CollectedNotices notices_;
};

TEST_F(FormatsTest, Text) {
  UseFunctions();
  EXPECT_EQ(Write(WriteText, Layout::kText),
            "File: example\n"
            "Type: cpu\n"
            "Showing nodes accounting for 1000ns, 100% of 1000ns total\n"
            "      flat  flat%   sum%        cum   cum%\n"
            "     600ns 60.00% 60.00%      600ns 60.00%  hash\n"
            "     300ns 30.00% 90.00%      300ns 30.00%  idle\n"
            "     100ns 10.00%   100%      700ns 70.00%  work\n"
            "         0     0%   100%     1000ns   100%  main\n");
}

TEST_F(FormatsTest, TextTellsWhatItLeftOut) {
  UseFunctions();
  options_.compact_labels = true;
  options_.cum_sort = true;
  options_.node_fraction = 0.5;
  options_.node_count = 2;
  EXPECT_EQ(Write(WriteText, Layout::kText),
            "Showing nodes accounting for 100ns, 10.00% of 1000ns total\n"
            "Dropped 1 node (cum <= 500ns)\n"
            "Showing top 2 nodes out of 3\n"
            "      flat  flat%   sum%        cum   cum%\n"
            "         0     0%     0%     1000ns   100%  main\n"
            "     100ns 10.00% 10.00%      700ns 70.00%  work\n");
}

TEST_F(FormatsTest, TextMarksInlinedFunctions) {
  ExampleBuilder builder;
  builder.Add({"always<outer", "main"}, 3);
  builder.Add({"sometimes<outer", "main"}, 2);
  builder.Add({"sometimes", "main"}, 1);
  profile_ = builder.profile();
  UseFunctions();
  const std::string text = Write(WriteText, Layout::kText);
  EXPECT_NE(text.find("  always (inline)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  sometimes (partial-inline)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  outer\n"), std::string::npos) << text;
}

TEST_F(FormatsTest, PeekShowsNeighbours) {
  UseFunctions();
  options_.compact_labels = true;
  options_.symbol = *CompileRegexp("^work$");
  const std::string text = Write(WriteTree, Layout::kTree);
  EXPECT_NE(text.find("                                             700ns   100% |   main\n"
                      "     100ns 10.00% 10.00%      700ns 70.00%                | work\n"
                      "                                             600ns 85.71% |   hash\n"),
            std::string::npos)
      << text;
  options_.symbol = *CompileRegexp("zzz");
  EXPECT_EQ(Write(WriteTree, Layout::kTree), "error: no matches found for regexp: zzz");
}

TEST_F(FormatsTest, Traces) {
  UseFunctions();
  EXPECT_EQ(Write(WriteTraces, Layout::kTraces),
            "File: example\n"
            "Type: cpu\n"
            "-----------+-------------------------------------------------------\n"
            "      user:  bob\n"
            "     600ns   hash\n"
            "             work\n"
            "             main\n"
            "-----------+-------------------------------------------------------\n"
            "      user:  eve\n"
            "     bytes:  2kB\n"
            "     100ns   work\n"
            "             main\n"
            "-----------+-------------------------------------------------------\n"
            "     300ns   idle\n"
            "             main\n"
            "-----------+-------------------------------------------------------\n");
}

TEST_F(FormatsTest, Raw) {
  profile_.default_sample_type = profile_.sample_types[1].type;
  profile_.duration_nanos = 61'500'000'000;
  EXPECT_EQ(Write(WriteRaw, Layout::kRaw),
            "PeriodType:  \n"
            "Period: 0\n"
            "Duration: 1m1.\n"
            "Samples:\n"
            "samples/count cpu/nanoseconds[dflt]\n"
            "          1        600: 1 2 3 \n"
            "                user:[bob]\n"
            "          1        100: 2 3 \n"
            "                user:[eve]\n"
            "                bytes:[2048 bytes]\n"
            "          1        300: 4 3 \n"
            "Locations\n"
            "     1: 0x1000 M=1 hash hash.cc:10:0 s=1\n"
            "     2: 0x1010 M=1 work work.cc:10:0 s=1\n"
            "     3: 0x1020 M=1 main main.cc:10:0 s=1\n"
            "     4: 0x1030 M=1 idle idle.cc:10:0 s=1\n"
            "Mappings\n"
            "1: 0x1000/0x9000/0x0 /bin/example  [FN]\n");
}

TEST_F(FormatsTest, Tags) {
  EXPECT_EQ(Write(WriteTags, Layout::kTags),
            " bytes: Total 100ns of 1us (10.00%)\n"
            "        100ns (10.00%): 2kB\n"
            "\n"
            " user: Total 700ns of 1us (70.00%)\n"
            "       600ns (60.00%): bob\n"
            "       100ns (10.00%): eve\n"
            "\n");
}

TEST_F(FormatsTest, DiffBaseSetsTheTotal) {
  ExampleBuilder builder;
  builder.Add({"f"}, 30);
  builder.Add({"f"}, -20, {builder.profile().TextLabel("pprof::base", "true")});
  profile_ = builder.profile();
  UseFunctions();
  options_.compact_labels = true;
  const std::string text = Write(WriteText, Layout::kText);
  EXPECT_NE(text.find("Showing nodes accounting for 10ns, 50.00% of 20ns total\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace cpprof::report
