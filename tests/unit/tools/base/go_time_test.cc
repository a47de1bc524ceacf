// SPDX-License-Identifier: Apache-2.0
#include "tools/base/go_time.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace cpprof {
namespace {

TEST(GoTimeTest, Durations) {
  EXPECT_EQ(FullDuration(0), "0s");
  EXPECT_EQ(FullDuration(999), "999ns");
  EXPECT_EQ(FullDuration(1500), "1.5\xc2\xb5s");
  EXPECT_EQ(FullDuration(-2'500'000), "-2.5ms");
  EXPECT_EQ(FullDuration(61'500'000'000), "1m1.5s");
  EXPECT_EQ(FullDuration(3'600'000'000'000), "1h0m0s");
}

TEST(GoTimeTest, TimesAreLocal) {
  setenv("TZ", "XYZ-05:30", 1);
  tzset();
  EXPECT_EQ(HeaderTime(0), "1970-01-01 05:30:00 XYZ");
  EXPECT_EQ(FullTime(1'500'000'000), "1970-01-01 05:30:01.5 +0530 XYZ");
  EXPECT_EQ(FullTime(-500'000'000), "1970-01-01 05:29:59.5 +0530 XYZ");
}

}  // namespace
}  // namespace cpprof
