// SPDX-License-Identifier: Apache-2.0
#include "tools/measurement/measurement.h"

#include <gtest/gtest.h>

namespace cpprof::measurement {
namespace {

TEST(MeasurementTest, AutomaticUnitIsTheLargestThatFits) {
  EXPECT_EQ(Label(1536, "bytes"), "1.50kB");
  EXPECT_EQ(Label(1023, "bytes"), "1023B");
  EXPECT_EQ(Label(61'500'000'000, "nanoseconds"), "61.50s");
  EXPECT_EQ(Label(-2048, "Bytes"), "-2kB");
  EXPECT_EQ(Label(0, "ms"), "0");
}

TEST(MeasurementTest, GivenUnitIsUsedWithinItsFamily) {
  EXPECT_EQ(ScaledLabel(1500, "microseconds", "ms"), "1.50ms");
  EXPECT_EQ(ScaledLabel(1 << 20, "B", "kilobytes"), "1024kB");
  // Another family: the default of the value's own.
  EXPECT_EQ(ScaledLabel(2'000'000'000, "ns", "MB"), "2s");
}

TEST(MeasurementTest, UnknownUnitsAreKept) {
  EXPECT_EQ(ScaledLabel(7, "widgets", "widgets"), "7widgets");
  EXPECT_EQ(ScaledLabel(7, "count", "minimum"), "7");
}

TEST(MeasurementTest, ExtremesHaveAResult) {
  EXPECT_EQ(Label(INT64_MIN, "count"), "-9223372036854775808");
  EXPECT_EQ(Label(INT64_MAX, "bytes"), "8192PB");
}

TEST(MeasurementTest, PercentagesFillTheirColumn) {
  EXPECT_EQ(Percentage(1, 3), "33.33%");
  EXPECT_EQ(Percentage(-1, 3), "33.33%");
  EXPECT_EQ(Percentage(9996, 10000), "  100%");
  EXPECT_EQ(Percentage(1, 1000), "  0.1%");
  EXPECT_EQ(Percentage(1, 123456), "0.00081%");
  EXPECT_EQ(Percentage(5, 0), "    0%");
}

TEST(MeasurementTest, Families) {
  EXPECT_TRUE(SameFamily("ns", "hours"));
  EXPECT_TRUE(SameFamily("bytes", "MB"));
  EXPECT_FALSE(SameFamily("bytes", "ms"));
  EXPECT_FALSE(SameFamily("count", "count"));
}

}  // namespace
}  // namespace cpprof::measurement
