// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/stack_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace pprofagent::hot {
namespace {

TEST(StackTable, EqualStacksAreOneRecord) {
  const std::vector<uintptr_t> pcs = {1, 2, 3};
  const StackRecord* record = InternStack(pcs.data(), 3, false);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(InternStack(pcs.data(), 3, false), record);
  EXPECT_EQ(record->depth, 3u);
  EXPECT_EQ(std::vector<uintptr_t>(record->pcs, record->pcs + 3), pcs);
}

TEST(StackTable, DepthOrderAndTruncationTellStacksApart) {
  const uintptr_t pcs[] = {1, 2, 3};
  const uintptr_t reversed[] = {3, 2, 1};
  const StackRecord* record = InternStack(pcs, 3, false);
  EXPECT_NE(InternStack(pcs, 2, false), record);
  EXPECT_NE(InternStack(reversed, 3, false), record);
  EXPECT_NE(InternStack(pcs, 3, true), record);
}

TEST(StackTable, AnEmptyStackIsAStack) {
  const StackRecord* record = InternStack(nullptr, 0, false);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->depth, 0u);
}

}  // namespace
}  // namespace pprofagent::hot
