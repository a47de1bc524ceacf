// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/id_table.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(IdTable, NumbersInTheOrderOfFirstSight) {
  IdTable table;
  EXPECT_EQ(table.IdOf(0x500), 1u);
  EXPECT_EQ(table.IdOf(0), 2u);
  EXPECT_EQ(table.IdOf(0x500), 1u);
  EXPECT_EQ(table.IdOf(~uintptr_t{0}), 3u);
  EXPECT_EQ(table.addresses(), (std::vector<uintptr_t>{0x500, 0, ~uintptr_t{0}}));
}

TEST(IdTable, KeepsItsIdsWhileGrowing) {
  constexpr uintptr_t kMany = 100'000;
  // Addresses that have all their low bits in common, and such that have none.
  for (const uintptr_t distance : {uintptr_t{1}, uintptr_t{4096}, uintptr_t{1} << 36}) {
    IdTable table;
    for (uintptr_t i = 0; i < kMany; ++i) ASSERT_EQ(table.IdOf(i * distance), i + 1);
    for (uintptr_t i = 0; i < kMany; ++i) ASSERT_EQ(table.IdOf(i * distance), i + 1);
    EXPECT_EQ(table.addresses().size(), kMany);
  }
}

}  // namespace
}  // namespace pprofagent::service
