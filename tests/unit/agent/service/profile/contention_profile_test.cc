// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/contention_profile.h"

#include <gtest/gtest.h>

#include <map>

#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/profile_reader.h"

namespace pprofagent::service {
namespace {

using perftools::profiles::Profile;
using perftools::profiles::Sample;

class ContentionProfileTest : public testing::Test {
 protected:
  void SetUp() override { fake_hot::Reset(); }

  Profile Write(Kind kind) {
    const KindSpec& spec = SpecOf(kind);
    StringStream stream;
    const ProfileContext context{&options_, "fp"};
    const Status status = WriteProto(spec.record(spec, context), context, &stream);
    EXPECT_TRUE(status.ok()) << status.text();
    return test::Decode(stream.contents());
  }

  // Texts, and numbers with their unit.
  static std::map<std::string, std::string> Labels(const Profile& profile, const Sample& sample) {
    std::map<std::string, std::string> labels;
    for (const auto& label : sample.label()) {
      labels[test::Text(profile, label.key())] =
          label.str() != 0 ? test::Text(profile, label.str())
                           : std::to_string(label.num()) + test::Text(profile, label.num_unit());
    }
    return labels;
  }

  static std::vector<int64_t> Values(const Sample& sample) {
    return {sample.value().begin(), sample.value().end()};
  }

  Options options_ = DefaultOptions();
};

TEST_F(ContentionProfileTest, BlockHasTheWaitersAndTheKindOfTheirWait) {
  fake_hot::AddContention({fake_hot::Stack({0x10, 0x20}), "mutex", 3, 4000, 8});
  fake_hot::AddContention({fake_hot::Stack({0x30}), "join", 1, 7000, 16});
  fake_hot::AddContention({fake_hot::Stack({0x40}), "", 5, 9000, 24});
  fake_hot::AddContention({fake_hot::Stack({0x50}), "cond", 0, 0, 32});
  const Profile profile = Write(Kind::kBlock);
  ASSERT_EQ(profile.sample_size(), 2);
  EXPECT_EQ(Values(profile.sample(0)), (std::vector<int64_t>{3, 4000}));
  EXPECT_EQ(Labels(profile, profile.sample(0)),
            (std::map<std::string, std::string>{{"kind", "mutex"}}));
  EXPECT_EQ(Labels(profile, profile.sample(1)),
            (std::map<std::string, std::string>{{"kind", "join"}}));
  EXPECT_EQ(test::TypeText(profile, profile.sample_type(0)), "contentions/count");
  EXPECT_EQ(test::TypeText(profile, profile.sample_type(1)), "delay/nanoseconds");
  EXPECT_EQ(test::TypeText(profile, profile.period_type()), "contentions/count");
  EXPECT_EQ(profile.period(), 1);
  EXPECT_NE(test::CommentText(profile).find("block rate: 1000 ns"), std::string::npos);
}

TEST_F(ContentionProfileTest, MutexHasTheReleasersWithoutLabels) {
  fake_hot::AddContention({fake_hot::Stack({0x10}), "mutex", 3, 4000, 8});
  fake_hot::AddContention({fake_hot::Stack({0x40}), "", 5, 9000, 16});
  const Profile profile = Write(Kind::kMutex);
  ASSERT_EQ(profile.sample_size(), 1);
  EXPECT_EQ(Values(profile.sample(0)), (std::vector<int64_t>{5, 9000}));
  EXPECT_EQ(profile.sample(0).label_size(), 0);
  EXPECT_NE(test::CommentText(profile).find("mutex fraction: 5"), std::string::npos);
}

TEST_F(ContentionProfileTest, ContentionHasBothSidesOfEachPair) {
  const hot::StackView waiter = fake_hot::Stack({0x10});
  const hot::StackView holder = fake_hot::Stack({0x20, 0x30});
  fake_hot::AddContentionPair({waiter, holder, 0x7f001234, 2, 500, 64});
  fake_hot::AddContentionPair({waiter, waiter, 0, 1, 100, 128});
  const Profile profile = Write(Kind::kContention);
  ASSERT_EQ(profile.sample_size(), 4);
  using Expected = std::map<std::string, std::string>;
  const auto labels = [&](int i) { return Labels(profile, profile.sample(i)); };
  EXPECT_EQ(labels(0), (Expected{{"role", "waiter"}, {"object", "0x7f001234"}, {"pair", "1id"}}));
  EXPECT_EQ(labels(1), (Expected{{"role", "holder"}, {"object", "0x7f001234"}, {"pair", "1id"}}));
  EXPECT_EQ(labels(2), (Expected{{"role", "waiter"}, {"object", "other"}, {"pair", "2id"}}));
  EXPECT_EQ(Values(profile.sample(0)), Values(profile.sample(1)));
  EXPECT_EQ(profile.sample(1).location_id_size(), 2);
}

TEST_F(ContentionProfileTest, WhatIsMissingIsSaidWhereItIsMissing) {
  hot::Drops drops{};
  drops.lock_waits = 3;
  drops.contention_pairs = 4;
  fake_hot::SetDrops(drops);
  const auto says = [&](Kind kind, const char* text) {
    return test::CommentText(Write(kind)).find(text) != std::string::npos;
  };
  EXPECT_TRUE(says(Kind::kContention, "dropped: 4 samples"));
  EXPECT_TRUE(says(Kind::kContention, "dropped: 3 samples"));
  EXPECT_TRUE(says(Kind::kMutex, "dropped: 3 samples"));
  EXPECT_FALSE(says(Kind::kMutex, "dropped: 4 samples"));
  EXPECT_FALSE(says(Kind::kBlock, "dropped"));
  fake_hot::SetDrops({});
}

// The difference of two readings must not mix the two sides up.
TEST_F(ContentionProfileTest, BothSidesSurviveADifference) {
  const hot::StackView stack = fake_hot::Stack({0x10});
  const KindSpec& spec = SpecOf(Kind::kContention);
  const Recording before = RecordContention(spec, {});
  fake_hot::AddContentionPair({stack, stack, 0x1000, 2, 500, 64});
  const Recording since = Since(before, RecordContention(spec, {}));
  EXPECT_EQ(since.samples.size(), 2u);
}

}  // namespace
}  // namespace pprofagent::service
