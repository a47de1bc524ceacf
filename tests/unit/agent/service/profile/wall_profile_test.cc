// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/wall_profile.h"

#include <gtest/gtest.h>

#include "agent/service/base/clock.h"
#include "agent/service/profile/kinds.h"
#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

class WallProfileTest : public testing::Test {
 protected:
  void SetUp() override { fake_hot::Reset(); }

  static void AddThread(const hot::StackView& stack, hot::ThreadActivity state) {
    hot::ThreadSample sample{};
    sample.stack = stack;
    sample.state = state;
    fake_hot::AddThread(sample);
  }
  static const RecordedSample* Find(const Recording& recording, const hot::StackView& stack,
                                    std::string_view state) {
    for (const RecordedSample& sample : recording.samples) {
      if (sample.stack.pcs == stack.pcs && sample.labels[0].text == state) return &sample;
    }
    return nullptr;
  }
};

TEST_F(WallProfileTest, AThreadHasTheWholeTimeHoweverItIsLookedAt) {
  const hot::StackView sleeper = fake_hot::Stack({0x10});
  const hot::StackView worker = fake_hot::Stack({0x20});
  AddThread(sleeper, hot::ThreadActivity::kBlocked);
  AddThread(sleeper, hot::ThreadActivity::kBlocked);
  AddThread(worker, hot::ThreadActivity::kRunning);
  WallProfile wall(100);
  wall.Look();
  wall.Look();
  const Recording recording = wall.Finish();
  EXPECT_EQ(recording.kind, &SpecOf(Kind::kWall));
  EXPECT_EQ(recording.period, 10'000'000);
  const RecordedSample* slept = Find(recording, sleeper, "waiting");
  const RecordedSample* ran = Find(recording, worker, "running");
  ASSERT_TRUE(slept != nullptr && ran != nullptr && recording.samples.size() == 2);
  EXPECT_EQ(ran->values[0], 3);
  EXPECT_EQ(slept->values[0], 6);
  EXPECT_EQ(ran->values[1], recording.duration_ns);
  EXPECT_EQ(slept->values[1], 2 * recording.duration_ns);
  EXPECT_NE(recording.rate.find("100 Hz of each thread, 3 looks"), std::string::npos)
      << recording.rate;
}

TEST_F(WallProfileTest, OneStackRunningAndWaitingAreTwoSamples) {
  const hot::StackView stack = fake_hot::Stack({0x10});
  AddThread(stack, hot::ThreadActivity::kBlocked);
  AddThread(stack, hot::ThreadActivity::kRunning);
  WallProfile wall(1000);
  const Recording recording = wall.Finish();
  ASSERT_EQ(recording.samples.size(), 2u);
  EXPECT_NE(recording.samples[0].identity, recording.samples[1].identity);
}

TEST_F(WallProfileTest, LooksKeepARandomDistance) {
  WallProfile wall(10);
  for (int i = 0; i < 100; ++i) {
    const int64_t before_ns = MonotonicClock();
    wall.Look();
    EXPECT_GE(wall.next_ns() - before_ns, 50'000'000);
    // More, by ten times as much as the look has taken.
    EXPECT_LE(wall.next_ns() - before_ns, 150'000'000 + 10 * (MonotonicClock() - before_ns));
  }
}

TEST_F(WallProfileTest, IsAKindWithoutAMoment) {
  const KindSpec& kind = SpecOf(Kind::kWall);
  EXPECT_EQ(kind.record, nullptr);
  EXPECT_EQ(kind.name, "wall");
}

}  // namespace
}  // namespace pprofagent::service
