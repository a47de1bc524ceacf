// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/thread_profile.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

class ThreadProfileTest : public testing::Test {
 protected:
  void SetUp() override { fake_hot::Reset(); }

  static void AddThread(int32_t tid, const hot::StackView& stack) {
    hot::ThreadSample sample{};
    sample.tid = tid;
    sample.stack = stack;
    fake_hot::AddThread(sample);
  }
};

TEST_F(ThreadProfileTest, CountsThreadsByStack) {
  const hot::StackView pool = fake_hot::Stack({0x10});
  const hot::StackView other = fake_hot::Stack({0x20});
  AddThread(1, pool);
  AddThread(2, other);
  AddThread(3, pool);
  const Recording recording = RecordThreads(SpecOf(Kind::kGoroutine), {});
  ASSERT_EQ(recording.samples.size(), 2u);
  EXPECT_EQ(recording.samples[0].values[0], 2);
  EXPECT_EQ(recording.samples[1].values[0], 1);
  EXPECT_EQ(recording.period, 1);
}

TEST_F(ThreadProfileTest, IsFoundByEveryName) {
  EXPECT_EQ(FindKind("threads"), FindKind("goroutine"));
  EXPECT_EQ(FindKind("thread"), FindKind("goroutine"));
}

}  // namespace
}  // namespace pprofagent::service
