// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/kinds.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(Kinds, AreFoundByNameAndAlias) {
  ASSERT_NE(FindKind("heap"), nullptr);
  EXPECT_EQ(FindKind("heap")->kind, Kind::kHeap);
  ASSERT_NE(FindKind("profile"), nullptr);
  EXPECT_EQ(FindKind("profile")->name, "cpu");
  EXPECT_EQ(FindKind("heaps"), nullptr);
  EXPECT_EQ(FindKind(""), nullptr);
  EXPECT_TRUE(KindNames().starts_with("heap, allocs, cpu")) << KindNames();
}

TEST(Kinds, EachHasItsRow) {
  for (const KindSpec& spec : KindTable()) {
    EXPECT_EQ(&SpecOf(spec.kind), &spec);
    EXPECT_FALSE(spec.sample_types.empty());
    EXPECT_FALSE(spec.description.empty());
  }
}

}  // namespace
}  // namespace pprofagent::service
