// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/kind_list.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(ParseKinds, TakesNamesAndAliasesOnce) {
  Kinds kinds;
  ASSERT_TRUE(ParseKinds({"heap", "profile", "cpu", "heap"}, &kinds).ok());
  ASSERT_EQ(kinds.size(), 2u);
  EXPECT_EQ(kinds[0]->kind, Kind::kHeap);
  EXPECT_EQ(kinds[1]->kind, Kind::kCpu);
  EXPECT_TRUE(Contains(kinds, Kind::kCpu));
  EXPECT_FALSE(Contains(kinds, Kind::kAllocs));
}

TEST(ParseKinds, NamesWhatItDoesNotKnow) {
  Kinds kinds;
  EXPECT_EQ(ParseKinds({"heap", "haep"}, &kinds).text(),
            "\"haep\" is not a profile; there are " + KindNames());
}

}  // namespace
}  // namespace pprofagent::service
