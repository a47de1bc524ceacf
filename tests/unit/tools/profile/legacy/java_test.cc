// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/tools/profile/legacy/describe.h"

namespace cpprof::profile::legacy {
namespace {

constexpr char kNames[] =
    "0x4 com.example.Foo.bar (Foo.java:27)\n"
    "0x5 malloc (/lib/libc.so.6)\n"
    "0x6 generated stub/JIT\n"
    "0x7 GC";

TEST(Java, HeapColumnsAreTheOtherWayRound) {
  const auto profile = Parse(std::string("--- heapz 1 ---\nformat = java\nresolution = bytes\n\n"
                                         "5242880 10 @ 0x4 0x5 0x6 0x7\n") +
                             kNames);
  ASSERT_TRUE(profile.ok()) << profile.message();
  EXPECT_EQ(DescribeTypes(*profile), "inuse_objects/count inuse_space/bytes");
  // Blocks of the sampling interval: 10/(1-1/e).
  EXPECT_EQ(DescribeSamples(*profile),
            "15 8294114 @ com.example.Foo.bar|Foo.java:27 malloc|libc.so.6:0 STUB|:0 GC|:0 "
            "{bytes=524288}\n");
  for (const Location& location : profile->locations) EXPECT_EQ(location.address, 0u);
}

TEST(Java, ContentionIsScaledByThePeriod) {
  const auto profile = Parse(std::string("--- contentionz 1 ---\nformat = java\n"
                                         "resolution = microseconds\nsampling period = 100\n"
                                         "ms since reset = 6\n 20 3 @ 0x4\n") +
                             kNames);
  ASSERT_TRUE(profile.ok()) << profile.message();
  EXPECT_EQ(DescribeTypes(*profile), "contentions/count delay/microseconds");
  EXPECT_EQ(DescribeSamples(*profile), "300 2000 @ com.example.Foo.bar|Foo.java:27\n");
  EXPECT_EQ(profile->duration_nanos, 6000000);
}

TEST(Java, Damage) {
  const std::string header = "--- heapz 1 ---\nformat = java\nresolution = bytes\n";
  EXPECT_EQ(SamplesOf(header + "5 0 @ 0x1\n"),
            "error: parsing sample 5 0 @ 0x1: second value must be non-zero");
  EXPECT_EQ(SamplesOf("--- heapz 1 ---\nformat = java\n5 1 @ 0x1\n"),
            "error: missing sample type information");
  EXPECT_EQ(SamplesOf("--- heapz 1 ---\nformat = c++\n"), kUnrecognized);
  EXPECT_EQ(SamplesOf(header + "09 1 @ 0x1\n"),
            "error: parsing sample 09 1 @ 0x1: strconv.ParseInt: parsing \"09\": invalid syntax");
  EXPECT_EQ(SamplesOf("--- heapz 1 ---"), kUnrecognized);
}

}  // namespace
}  // namespace cpprof::profile::legacy
