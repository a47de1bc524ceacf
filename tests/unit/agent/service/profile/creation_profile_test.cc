// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/creation_profile.h"

#include <gtest/gtest.h>

#include "agent/service/options/environment.h"
#include "tests/unit/agent/service/support/fake_hot.h"
#include "tests/unit/agent/service/support/profile_reader.h"

namespace pprofagent::service {
namespace {

TEST(CreationProfile, CountsThreadsByTheStackThatMadeThem) {
  fake_hot::Reset();
  fake_hot::AddCreation({fake_hot::Stack({0x10, 0x20}), 7});
  const Options options = DefaultOptions();
  const ProfileContext context{&options, "fp"};
  const KindSpec& spec = SpecOf(Kind::kThreadCreate);
  StringStream stream;
  ASSERT_TRUE(WriteProto(spec.record(spec, context), context, &stream).ok());
  const auto profile = test::Decode(stream.contents());
  ASSERT_EQ(profile.sample_size(), 1);
  EXPECT_EQ(profile.sample(0).value(0), 7);
  EXPECT_EQ(profile.sample(0).location_id_size(), 2);
  ASSERT_EQ(profile.sample_type_size(), 1);
  EXPECT_EQ(test::TypeText(profile, profile.sample_type(0)), "threadcreate/count");
  EXPECT_EQ(test::TypeText(profile, profile.period_type()), "threadcreate/count");
  EXPECT_EQ(profile.period(), 1);
}

}  // namespace
}  // namespace pprofagent::service
