// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/utc_time.h"

#include <gtest/gtest.h>
#include <time.h>

namespace pprofagent::service {
namespace {

TEST(ToUtc, AgreesWithLibc) {
  for (const int64_t seconds :
       {0L, 951'782'400L, 951'868'799L, 1'709'164'800L, 1'798'761'599L, 4'107'542'400L, -1L}) {
    const time_t time = seconds;
    tm expected = {};
    ASSERT_NE(gmtime_r(&time, &expected), nullptr);
    const UtcTime utc = ToUtc(seconds);
    EXPECT_EQ(utc.year, expected.tm_year + 1900) << seconds;
    EXPECT_EQ(utc.month, expected.tm_mon + 1) << seconds;
    EXPECT_EQ(utc.day, expected.tm_mday) << seconds;
    EXPECT_EQ(utc.hour, expected.tm_hour) << seconds;
    EXPECT_EQ(utc.minute, expected.tm_min) << seconds;
    EXPECT_EQ(utc.second, expected.tm_sec) << seconds;
  }
}

}  // namespace
}  // namespace pprofagent::service
