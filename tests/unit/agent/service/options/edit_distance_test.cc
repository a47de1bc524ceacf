// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/edit_distance.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(EditDistance, CountsChanges) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("HEAP_RATE", "heap_rate"), 0u);
  EXPECT_EQ(EditDistance("HEAP_RATE", "HEAPRATE"), 1u);
  EXPECT_EQ(EditDistance("HEAP_RATE", "HEAP_RATES"), 1u);
  EXPECT_EQ(EditDistance("HEAP_RATE", "HEAP-RATE"), 1u);
  EXPECT_EQ(EditDistance("KEEP", "KEPE"), 1u) << "neighbours swapped";
  EXPECT_EQ(EditDistance("KITTEN", "SITTING"), 3u);
}

}  // namespace
}  // namespace pprofagent::service
