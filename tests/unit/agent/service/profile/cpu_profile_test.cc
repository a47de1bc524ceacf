// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/cpu_profile.h"

#include <gtest/gtest.h>

#include <map>

#include "agent/service/base/clock.h"
#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/profile_reader.h"

namespace pprofagent::service {
namespace {

using perftools::profiles::Profile;

class CpuProfileTest : public testing::Test {
 protected:
  void SetUp() override { fake_hot::Reset(); }

  Profile Write(const CpuInterval& interval) {
    StringStream stream;
    const Status status = WriteProto(interval.Record(), {&options_, "fp"}, &stream);
    EXPECT_TRUE(status.ok()) << status.text();
    return test::Decode(stream.contents());
  }

  Options options_ = DefaultOptions();
};

TEST_F(CpuProfileTest, HoldsWhatWasAddedSinceTheBeginning) {
  const hot::StackView a = fake_hot::Stack({0x10});
  const hot::StackView b = fake_hot::Stack({0x20});
  const hot::StackView c = fake_hot::Stack({0x30});
  fake_hot::AddCpuSample(a, 5, 50);
  fake_hot::AddCpuSample(b, 7, 70);
  CpuInterval interval;
  const int64_t before = WallClock();
  interval.Begin(100);
  fake_hot::AddCpuSample(a, 2, 20);
  fake_hot::AddCpuSample(c, 1, 10);
  const Profile profile = Write(interval);
  ASSERT_EQ(profile.sample_size(), 2) << "b got nothing new";
  std::map<uint64_t, std::pair<int64_t, int64_t>> values;
  for (const auto& sample : profile.sample()) {
    const auto& location = profile.location(static_cast<int>(sample.location_id(0)) - 1);
    values[location.address()] = {sample.value(0), sample.value(1)};
  }
  EXPECT_EQ(values[0x10], std::pair(int64_t{2}, int64_t{20}));
  EXPECT_EQ(values[0x30], std::pair(int64_t{1}, int64_t{10}));
  EXPECT_EQ(test::TypeText(profile, profile.sample_type(0)), "samples/count");
  EXPECT_EQ(test::TypeText(profile, profile.sample_type(1)), "cpu/nanoseconds");
  EXPECT_EQ(test::TypeText(profile, profile.period_type()), "cpu/nanoseconds");
  EXPECT_EQ(profile.period(), 10'000'000);
  EXPECT_GE(profile.time_nanos(), before) << "the time is that of the beginning";
  EXPECT_GT(profile.duration_nanos(), 0);
  EXPECT_NE(test::CommentText(profile).find("CPU sampling rate: 100 Hz"), std::string::npos);
}

TEST_F(CpuProfileTest, EndsAtStop) {
  const hot::StackView a = fake_hot::Stack({0x10});
  CpuInterval interval;
  interval.Begin(100);
  fake_hot::AddCpuSample(a, 3, 30);
  interval.Stop();
  const int64_t duration = Write(interval).duration_nanos();
  fake_hot::AddCpuSample(a, 9, 90);
  const Profile profile = Write(interval);
  ASSERT_EQ(profile.sample_size(), 1);
  EXPECT_EQ(profile.sample(0).value(0), 3);
  EXPECT_EQ(profile.duration_nanos(), duration);
}

TEST_F(CpuProfileTest, MergesRecordsOfOneStack) {
  const hot::StackView a = fake_hot::Stack({0x10});
  const hot::StackView b = fake_hot::Stack({0x20});
  fake_hot::AddCpuRecord({a, 1, 10});
  fake_hot::AddCpuRecord({b, 2, 20});
  fake_hot::AddCpuRecord({a, 3, 30});
  const CpuCounts before = ReadCpuCounts();
  ASSERT_EQ(before.size(), 2u);
  fake_hot::AddCpuRecord({a, 4, 40});
  const CpuCounts added = CountsSince(before, ReadCpuCounts());
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(added[0].count, 4);
  EXPECT_EQ(added[0].nanoseconds, 40);
}

TEST_F(CpuProfileTest, MayBeEmpty) {
  CpuInterval interval;
  interval.Begin(100);
  EXPECT_EQ(Write(interval).sample_size(), 0);
}

}  // namespace
}  // namespace pprofagent::service
