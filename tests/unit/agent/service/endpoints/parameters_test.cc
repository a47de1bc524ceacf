// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/parameters.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(Parameters, IntegersAreGos) {
  EXPECT_EQ(IntegerParameter("2"), 2);
  EXPECT_EQ(IntegerParameter("+2"), 2);
  EXPECT_EQ(IntegerParameter("-3"), -3);
  for (const char* text : {"", "xyz", "1x", "1.5", " 1", "99999999999999999999", "+-1"}) {
    EXPECT_EQ(IntegerParameter(text), 0) << text;
  }
}

TEST(Parameters, SecondsMayBeFractions) {
  EXPECT_EQ(SecondsParameter("2"), 2'000'000'000);
  EXPECT_EQ(SecondsParameter("0.25"), 250'000'000);
  EXPECT_EQ(SecondsParameter("604800"), 604'800'000'000'000);
  for (const char* text : {"", "0", "0.0", "-1", "abc", "1e3", "1s", "604801", "nan", ".",
                           "99999999999999999999999"}) {
    EXPECT_FALSE(SecondsParameter(text)) << text;
  }
}

}  // namespace
}  // namespace pprofagent::service
