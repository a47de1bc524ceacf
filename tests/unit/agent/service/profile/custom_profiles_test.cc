// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/custom_profiles.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "agent/service/profile/recording.h"
#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

const KindSpec& Make(std::string_view name) {
  bool is_new = false;
  return *MakeCustomKind(name, &is_new);
}

TEST(CustomProfiles, AreMadeOnce) {
  bool is_new = false;
  const KindSpec* made = MakeCustomKind("once", &is_new);
  EXPECT_TRUE(is_new);
  EXPECT_EQ(MakeCustomKind("once", &is_new), made);
  EXPECT_FALSE(is_new);
  EXPECT_EQ(FindCustomKind("once"), made);
  EXPECT_EQ(FindCustomKind("never"), nullptr);
  EXPECT_EQ(made->sample_types.front().type, "once");
  EXPECT_EQ(made->period_type.unit, "count");
}

TEST(CustomProfiles, HoldWhatIsAddedAndNotRemoved) {
  const KindSpec& kind = Make("things");
  const hot::StackView here = fake_hot::Stack({0x10});
  const hot::StackView there = fake_hot::Stack({0x20});
  int things[3];
  EXPECT_EQ(AddToCustom(kind, &things[0], 1, here), CustomResult::kOk);
  EXPECT_EQ(AddToCustom(kind, &things[1], 5, here), CustomResult::kOk);
  EXPECT_EQ(AddToCustom(kind, &things[2], 1, there), CustomResult::kOk);
  EXPECT_EQ(AddToCustom(kind, &things[0], 1, there), CustomResult::kExists);
  EXPECT_EQ(CountOfCustom(kind), 3);
  EXPECT_EQ(RemoveFromCustom(kind, &things[2]), CustomResult::kOk);
  EXPECT_EQ(RemoveFromCustom(kind, &things[2]), CustomResult::kMissing);
  const Recording recording = kind.record(kind, {});
  ASSERT_EQ(recording.samples.size(), 1u) << "two things of one stack";
  EXPECT_EQ(recording.samples[0].values[0], 6);
  EXPECT_EQ(recording.samples[0].stack.pcs, here.pcs);
}

TEST(CustomProfiles, BearManyThreads) {
  const KindSpec& kind = Make("crowd");
  const hot::StackView stack = fake_hot::Stack({0x10});
  constexpr int kEach = 1000;
  std::vector<char> things(4 * kEach);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) AddToCustom(kind, &things[t * kEach + i], 1, stack);
      for (int i = 0; i < kEach; i += 2) RemoveFromCustom(kind, &things[t * kEach + i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CountOfCustom(kind), 4 * kEach / 2);
}

}  // namespace
}  // namespace pprofagent::service
