// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/merge.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"

namespace cpprof::profile {
namespace {

std::vector<Profile> Two(Profile a, Profile b) {
  std::vector<Profile> both;
  both.push_back(std::move(a));
  both.push_back(std::move(b));
  return both;
}

TEST(MergeTest, ASingleProfileStaysAsItIs) {
  ExampleBuilder builder;
  builder.Add({"a"}, 0);
  builder.Add({"b"}, 1);
  builder.Add({"b"}, 1);
  std::vector<Profile> one;
  one.push_back(builder.profile());
  EXPECT_EQ(ShowSamples(*Merge(std::move(one))), "a 1 0\nb 1 1\nb 1 1\n");
}

TEST(MergeTest, EqualSamplesAddUpAcrossStringTables) {
  const Result<Profile> merged = Merge(Two(ExampleProfile(), ExampleProfile()));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(ShowSamples(*merged), "hash;work;main 2 1200\nwork;main 2 200\nidle;main 2 600\n");
  EXPECT_EQ(merged->functions.size(), 4u);
  EXPECT_EQ(merged->mappings.size(), 1u);
}

TEST(MergeTest, LabelsTellSamplesApart) {
  ExampleBuilder builder;
  builder.Add({"a"}, 1, {builder.profile().TextLabel("k", "x")});
  builder.Add({"a"}, 2, {builder.profile().TextLabel("k", "y")});
  builder.Add({"a"}, 4);
  EXPECT_EQ(Compact(builder.profile()).samples.size(), 3u);
}

TEST(MergeTest, SubtractingEverythingLeavesNothing) {
  Profile base = ExampleProfile();
  Scale(&base, -1);
  const Result<Profile> merged = Merge(Two(ExampleProfile(), std::move(base)));
  ASSERT_TRUE(merged.ok());
  EXPECT_TRUE(merged->samples.empty());
  EXPECT_TRUE(merged->locations.empty());
}

TEST(MergeTest, AddressesMoveToTheFirstMapping) {
  Profile moved = ExampleProfile();
  moved.mappings[0].start += 0x100000;
  moved.mappings[0].limit += 0x100000;
  for (Location& location : moved.locations) location.address += 0x100000;
  const Result<Profile> merged = Merge(Two(ExampleProfile(), std::move(moved)));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(merged->samples.size(), 3u);
  EXPECT_EQ(merged->locations[0].address, 0x1000u);
}

TEST(MergeTest, CompactDropsWhatNothingUses) {
  Profile profile = ExampleProfile();
  profile.AddLocation(0x7777);
  profile.AddFunction("unused", "unused", "");
  profile.samples.Values(2)[0] = profile.samples.Values(2)[1] = 0;
  const Profile compact = Compact(std::move(profile));
  EXPECT_EQ(ShowSamples(compact), "hash;work;main 1 600\nwork;main 1 100\n");
  EXPECT_EQ(compact.locations.size(), 3u);
  EXPECT_EQ(compact.functions.size(), 3u);
}

TEST(MergeTest, OnlyCommonSampleTypesStay) {
  std::vector<Profile> both = Two(ExampleProfile(), ExampleProfile());
  both[1].sample_types[0].type = both[1].Intern("other");
  ASSERT_TRUE(KeepCommonSampleTypes(both).ok());
  for (const Profile& profile : both) {
    ASSERT_EQ(profile.sample_types.size(), 1u);
    EXPECT_EQ(profile.samples.Values(0)[0], 600);
  }
  both[1].sample_types[0].type = both[1].Intern("another");
  EXPECT_EQ(KeepCommonSampleTypes(both).message(), "profiles have empty common sample type list");
}

TEST(MergeTest, NormalizeScalesToTheBase) {
  Profile profile = ExampleProfile();
  Profile base = ExampleProfile();
  Scale(&base, 3);
  ASSERT_TRUE(Normalize(&profile, base).ok());
  EXPECT_EQ(profile.samples.Values(0)[1], 1800);
}

TEST(MergeTest, ScaleDropsWhatBecomesZero) {
  Profile profile = ExampleProfile();
  Scale(&profile, 0.001);
  EXPECT_EQ(ShowSamples(profile), "hash;work;main 0 1\n");
}

TEST(MergeTest, SetLabelReplacesTheKey) {
  Profile profile = ExampleProfile();
  SetLabel(&profile, "user", "all");
  for (size_t row = 0; row < profile.samples.size(); ++row) {
    ASSERT_FALSE(profile.samples.Labels(row).empty());
    EXPECT_EQ(profile.Text(profile.samples.Labels(row)[0].text), "all");
  }
  EXPECT_EQ(profile.samples.Labels(1).size(), 2u);
}

}  // namespace
}  // namespace cpprof::profile
