// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/label_filter.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

class LabelFilterTest : public testing::Test {
 protected:
  void SetUp() override {
    fake_hot::Reset();
    fake_hot::AddLabels(1, {{"path", "/a=b"}, {"user", "alice"}});
    fake_hot::AddLabels(2, {{"user", "bob"}});
  }

  static bool Admits(std::string_view text, uint32_t labels) {
    hot::StackView stack = fake_hot::Stack({0x10});
    stack.labels = labels;
    return LabelFilter::Parse(text).value().Admits(stack);
  }
};

TEST_F(LabelFilterTest, WantsAllOfItsLabels) {
  EXPECT_TRUE(Admits("user=alice", 1));
  EXPECT_TRUE(Admits("user=alice,path=/a=b", 1));
  EXPECT_FALSE(Admits("user=alice,path=/", 1));
  EXPECT_FALSE(Admits("user=alice", 2));
  EXPECT_FALSE(Admits("user=alice", 0));
  EXPECT_FALSE(Admits("user=", 1));
}

TEST_F(LabelFilterTest, AnEmptyOneWantsNothing) {
  EXPECT_TRUE(Admits("", 0));
  EXPECT_TRUE(Admits("", 1));
  EXPECT_EQ(LabelFilter().Filtered({.rate = "rate"}).rate, "rate");
}

TEST_F(LabelFilterTest, WhatIsNoLabelIsRefused) {
  for (const char* text : {"user", "=alice", "user=alice,path", ",user=alice"}) {
    EXPECT_FALSE(LabelFilter::Parse(text)) << text;
  }
}

TEST_F(LabelFilterTest, TheRecordingSaysSo) {
  Recording recording = {.rate = "heap"};
  for (const uint32_t labels : {0u, 1u, 2u}) {
    RecordedSample& sample = recording.samples.emplace_back();
    sample.stack = fake_hot::Stack({0x10});
    sample.stack.labels = labels;
  }
  recording = LabelFilter::Parse("user=bob")->Filtered(recording);
  ASSERT_EQ(recording.samples.size(), 1u);
  EXPECT_EQ(recording.samples[0].stack.labels, 2u);
  EXPECT_EQ(recording.rate, "heap; only what has the labels user=bob");
}

}  // namespace
}  // namespace pprofagent::service
