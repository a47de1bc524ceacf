// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/numbers.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cpprof::profile::legacy {
namespace {

TEST(ParseAnyBase, PrefixesSignsAndUnderscores) {
  EXPECT_EQ(ParseAnyBase("12"), 12);
  EXPECT_EQ(ParseAnyBase("-0x1F"), -31);
  EXPECT_EQ(ParseAnyBase("017"), 15);
  EXPECT_EQ(ParseAnyBase("0o17"), 15);
  EXPECT_EQ(ParseAnyBase("0b101"), 5);
  EXPECT_EQ(ParseAnyBase("1_000"), 1000);
  EXPECT_EQ(ParseAnyBase("0"), 0);
  EXPECT_EQ(ParseAnyBase("-9223372036854775808"), INT64_MIN);
  for (const char* bad :
       {"", "+", "x", "1__0", "_1", "1_", "0x", "9223372036854775808", "1 ", "08"}) {
    EXPECT_EQ(ParseAnyBase(bad), std::nullopt) << bad;
  }
}

TEST(ParseHexAddresses, FindsThemInText) {
  const auto found = ParseHexAddresses("PC: 0x10 f(0x2g) x0x3 0x");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, (std::vector<uint64_t>{0x10, 0x2, 0x3}));
}

TEST(TruncateToInt, WhatDoesNotFitBecomesTheSmallest) {
  EXPECT_EQ(TruncateToInt(-2.9), -2);
  EXPECT_EQ(TruncateToInt(1e30), INT64_MIN);
  EXPECT_EQ(TruncateToInt(std::nan("")), INT64_MIN);
}

TEST(ScaleHeapSample, EdgesAreNotScaled) {
  EXPECT_EQ(ScaleHeapSample(0, 5, 100), std::make_pair(int64_t{0}, int64_t{0}));
  EXPECT_EQ(ScaleHeapSample(2, 5, 1), std::make_pair(int64_t{2}, int64_t{5}));
}

}  // namespace
}  // namespace cpprof::profile::legacy
