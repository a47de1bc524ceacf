// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/string_table.h"

#include <gtest/gtest.h>

#include <string>

namespace cpprof::profile {
namespace {

TEST(StringTableTest, IdsAreDenseAndEqualStringsShareOne) {
  StringTable table;
  EXPECT_EQ(table.Intern(""), 0u);
  EXPECT_EQ(table.Intern("a"), 1u);
  EXPECT_EQ(table.Intern("b"), 2u);
  EXPECT_EQ(table.Intern("a"), 1u);
  EXPECT_EQ(table.size(), 3u);
}

TEST(StringTableTest, ViewsOutliveGrowth) {
  StringTable table;
  const std::string_view first = table.View(table.Intern("first"));
  for (int i = 0; i < 100000; ++i) table.Intern(std::to_string(i));
  EXPECT_EQ(first, "first");
  EXPECT_EQ(table.View(table.Intern("99999")), "99999");
  EXPECT_EQ(table.size(), 100002u);
}

TEST(StringTableTest, HoldsStringsLargerThanAChunk) {
  StringTable table;
  const std::string big(1 << 20, 'x');
  EXPECT_EQ(table.View(table.Intern(big)), big);
}

}  // namespace
}  // namespace cpprof::profile
