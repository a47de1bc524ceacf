// SPDX-License-Identifier: Apache-2.0
//
// The forms for programs: json, csv, folded.
#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"
#include "tools/base/regexp.h"
#include "tools/profile/aggregate.h"
#include "tools/report/formats.h"
#include "tools/report/label_units.h"

namespace cpprof::report {
namespace {

class DataTest : public testing::Test {
 protected:
  DataTest() {
    options_.weighting.column = 1;
    options_.sample_type = "cpu";
    options_.sample_unit = "nanoseconds";
    options_.output_unit = "minimum";
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

TEST_F(DataTest, TopAsCsv) {
  EXPECT_EQ(Write(WriteCsv, Layout::kText),
            "name,function,file,line,address,inlined,flat,flat_percent,sum_percent,cum,cum_percent,"
            "sample_type,unit\r\n"
            "hash,hash,,,,no,600,60,60,600,60,cpu,nanoseconds\r\n"
            "idle,idle,,,,no,300,30,90,300,30,cpu,nanoseconds\r\n"
            "work,work,,,,no,100,10,100,700,70,cpu,nanoseconds\r\n"
            "main,main,,,,no,0,0,100,1000,100,cpu,nanoseconds\r\n");
}

TEST_F(DataTest, CsvQuotesWhatMustBeQuoted) {
  profile_.functions[0].name = profile_.Intern("f(int, \"x\")\n");
  const std::string csv = Write(WriteCsv, Layout::kText);
  EXPECT_NE(csv.find("\r\n\"f(int, \"\"x\"\")\n\",\"f(int, \"\"x\"\")\n\",,,,no,600,"),
            std::string::npos)
      << csv;
}

TEST_F(DataTest, PeekAsCsvHasCallersAndCallees) {
  options_.symbol = *CompileRegexp("work");
  EXPECT_EQ(Write(WriteCsv, Layout::kTree),
            "node,relation,name,flat,flat_percent,sum_percent,cum,cum_percent,call,"
            "call_percent_of_cum,inline,residual,sample_type,unit\r\n"
            "work,caller,main,,,,,,700,100,false,false,cpu,nanoseconds\r\n"
            "work,node,work,100,10,10,700,70,,,,,cpu,nanoseconds\r\n"
            "work,callee,hash,,,,,,600,85.7143,false,false,cpu,nanoseconds\r\n");
  options_.symbol = *CompileRegexp("nobody");
  EXPECT_EQ(Write(WriteCsv, Layout::kTree), "error: no matches found for regexp: nobody");
}

TEST_F(DataTest, TagsAsCsv) {
  EXPECT_EQ(Write(WriteCsv, Layout::kTags),
            "key,text,number,number_unit,value,percent,sample_type,unit\r\n"
            "bytes,2kB,2048,bytes,100,10,cpu,nanoseconds\r\n"
            "user,bob,,,600,60,cpu,nanoseconds\r\n"
            "user,eve,,,100,10,cpu,nanoseconds\r\n");
}

TEST_F(DataTest, TopAsJsonIsComplete) {
  profile_.comments.push_back(profile_.Intern("a \"comment\""));
  profile_.time_nanos = 1712345678000000009;
  profile_.duration_nanos = 5;
  options_.active_filters = {"focus=x"};
  options_.title = "example";
  options_.node_count = 1;
  options_.node_fraction = 0.35;
  EXPECT_EQ(Write(WriteJson, Layout::kText), R"({
  "format": "cpprof",
  "version": 1,
  "report": "top",
  "file": "example",
  "time": "2024-04-05T19:34:38.000000009Z",
  "duration_nanos": 5,
  "comments": [
    "a \"comment\""
  ],
  "sample_types": [
    {
      "type": "samples",
      "unit": "count"
    },
    {
      "type": "cpu",
      "unit": "nanoseconds"
    }
  ],
  "sample_type": "cpu",
  "unit": "nanoseconds",
  "total": 1000,
  "filters": [
    "focus=x"
  ],
  "shown": {
    "nodes": 1,
    "nodes_before_limit": 3,
    "nodes_dropped": 1,
    "drop_cum_up_to": 350,
    "flat": 600
  },
  "nodes": [
    {
      "name": "hash",
      "function": "hash",
      "inlined": "no",
      "flat": 600,
      "flat_percent": 60,
      "sum_percent": 60,
      "cum": 600,
      "cum_percent": 60
    }
  ]
}
)");
}

TEST_F(DataTest, JsonOfTreesAndTags) {
  options_.symbol = *CompileRegexp("hash");
  const std::string peek = Write(WriteJson, Layout::kTree);
  EXPECT_NE(peek.find("\"report\": \"peek\""), std::string::npos) << peek;
  EXPECT_NE(peek.find(R"("callers": [
        {
          "name": "work",
          "value": 600,
          "percent_of_cum": 100,
          "inline": false,
          "residual": false
        }
      ],
      "callees": [])"),
            std::string::npos)
      << peek;
  const std::string tags = Write(WriteJson, Layout::kTags);
  EXPECT_NE(tags.find(R"("text": "2kB",
          "number": 2048,
          "unit": "bytes",
          "value": 100,
          "percent": 10)"),
            std::string::npos)
      << tags;
}

TEST_F(DataTest, ValuesAreDivided) {
  options_.ratio = 0.1;
  const std::string json = Write(WriteJson, Layout::kText);
  EXPECT_NE(json.find("\"divided_by\": \"10\",\n  \"total\": 100,"), std::string::npos) << json;
  EXPECT_NE(json.find("\"flat\": 60,\n      \"flat_percent\": 60,"), std::string::npos) << json;
}

TEST_F(DataTest, Folded) {
  EXPECT_EQ(Write(WriteFolded, Layout::kFolded),
            "main;idle 300\n"
            "main;work 100\n"
            "main;work;hash 600\n");
}

TEST_F(DataTest, FoldedNamesCannotBreakTheFormat) {
  ExampleBuilder builder;
  builder.Add({"inner<outer", "main"}, 3);
  builder.Add({"a;b\nc", "main"}, 2);
  builder.Add({"a;b\nc", "main"}, 5);
  builder.Add({"gone", "main"}, 4);
  builder.Add({"gone", "main"}, -4);
  builder.Add({}, 1);
  profile_ = builder.profile();
  profile::Aggregate(&profile_, {.filename = false, .line = false, .address = false});
  EXPECT_EQ(Write(WriteFolded, Layout::kFolded),
            "[no stack] 1\n"
            "main;a:b c 7\n"
            "main;outer;inner 3\n");
}

}  // namespace
}  // namespace cpprof::report
