// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/growth_profile.h"

#include <gtest/gtest.h>

#include "agent/service/profile/kinds.h"
#include "tests/unit/agent/service/support/fake_hot.h"

namespace pprofagent::service {
namespace {

TEST(GrowthProfile, HasWhatWasRecorded) {
  fake_hot::Reset();
  fake_hot::AddGrowth({.stack = fake_hot::Stack({0x10}), .times = 2, .bytes = 3 << 20});
  const KindSpec* kind = FindKind("growth");
  ASSERT_NE(kind, nullptr);
  const Recording recording = kind->record(*kind, {});
  ASSERT_EQ(recording.samples.size(), 1u);
  EXPECT_EQ(recording.samples[0].values[0], 2);
  EXPECT_EQ(recording.samples[0].values[1], 3 << 20);
  EXPECT_NE(recording.rate.find("524288 bytes"), std::string::npos) << recording.rate;
}

}  // namespace
}  // namespace pprofagent::service
