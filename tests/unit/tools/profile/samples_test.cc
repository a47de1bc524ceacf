// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/samples.h"

#include <gtest/gtest.h>

namespace cpprof::profile {
namespace {

using Stack = std::vector<LocationIndex>;

Samples FourRows() {
  Samples samples(2);
  for (uint32_t row = 0; row < 4; ++row) {
    const Stack stack(row + 1, row);
    const std::vector<int64_t> values = {row, row * 10};
    std::vector<Label> labels;
    if (row % 2 == 1) labels.push_back({.key = row, .text = 1});
    samples.Append(stack, values, labels);
  }
  return samples;
}

Stack StackOf(const Samples& samples, size_t row) {
  const auto stack = samples.Stack(row);
  return {stack.begin(), stack.end()};
}

TEST(SamplesTest, RowsAreSlices) {
  const Samples samples = FourRows();
  ASSERT_EQ(samples.size(), 4u);
  EXPECT_EQ(StackOf(samples, 2), (Stack{2, 2, 2}));
  EXPECT_EQ(samples.Values(3)[1], 30);
  EXPECT_TRUE(samples.Labels(0).empty());
  ASSERT_EQ(samples.Labels(3).size(), 1u);
  EXPECT_EQ(samples.Labels(3)[0].key, 3u);
}

TEST(SamplesTest, RetainClosesTheGaps) {
  Samples samples = FourRows();
  samples.Retain([&](size_t row) { return samples.Values(row)[0] % 2 == 1; });
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(StackOf(samples, 0), (Stack{1, 1}));
  EXPECT_EQ(StackOf(samples, 1), (Stack{3, 3, 3, 3}));
  EXPECT_EQ(samples.Values(1)[1], 30);
  EXPECT_EQ(samples.Labels(1)[0].key, 3u);
  EXPECT_EQ(samples.frame_count(), 6u);
}

TEST(SamplesTest, ShrinkStacksShortensRowsInPlace) {
  Samples samples = FourRows();
  samples.ShrinkStacks([](size_t row, std::span<LocationIndex> stack) -> std::ptrdiff_t {
    stack[0] = 100;
    return row == 1 ? -1 : static_cast<std::ptrdiff_t>((stack.size() + 1) / 2);
  });
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(StackOf(samples, 0), (Stack{100}));
  EXPECT_EQ(StackOf(samples, 1), (Stack{100, 2}));
  EXPECT_EQ(StackOf(samples, 2), (Stack{100, 3}));
  EXPECT_EQ(samples.Values(1)[0], 2);
  EXPECT_TRUE(samples.Labels(1).empty());
  EXPECT_EQ(samples.Labels(2)[0].key, 3u);
}

TEST(SamplesTest, RewriteMayLengthenRows) {
  Samples samples = FourRows();
  samples.Rewrite([](size_t row, Samples::Parts* parts) {
    parts->stack.push_back(7);
    parts->labels.clear();
    return row != 0;
  });
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(StackOf(samples, 0), (Stack{1, 1, 7}));
  EXPECT_FALSE(samples.has_labels());
}

TEST(SamplesTest, RecomputeValuesNarrowsRows) {
  Samples samples = FourRows();
  samples.RecomputeValues(
      1, [](std::span<const int64_t> old, std::span<int64_t> values) { values[0] = old[1] + 1; });
  EXPECT_EQ(samples.width(), 1u);
  EXPECT_EQ(samples.Values(3)[0], 31);
}

TEST(SamplesTest, DropRowForgetsWhatWasPushed) {
  Samples samples = FourRows();
  samples.PushFrame(9);
  samples.PushValue(1);
  EXPECT_EQ(samples.pending_values(), 1u);
  samples.DropRow();
  EXPECT_EQ(samples.pending_values(), 0u);
  EXPECT_EQ(samples.frame_count(), 10u);
}

}  // namespace
}  // namespace cpprof::profile
