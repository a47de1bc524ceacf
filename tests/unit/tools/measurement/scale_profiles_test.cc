// SPDX-License-Identifier: Apache-2.0
#include "tools/measurement/scale_profiles.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/tools/example_profile.h"

namespace cpprof::measurement {
namespace {

std::vector<profile::Profile> Two() {
  std::vector<profile::Profile> both;
  both.push_back(ExampleProfile());
  both.push_back(ExampleProfile());
  return both;
}

TEST(ScaleProfilesTest, TheFinestUnitWins) {
  std::vector<profile::Profile> both = Two();
  both[0].sample_types[1].unit = both[0].Intern("microseconds");
  ASSERT_TRUE(ScaleProfiles(both).ok());
  EXPECT_EQ(both[0].Text(both[0].sample_types[1].unit), "nanoseconds");
  EXPECT_EQ(both[0].samples.Values(0)[1], 600000);
  EXPECT_EQ(both[0].samples.Values(0)[0], 1);
  EXPECT_EQ(both[1].samples.Values(0)[1], 600);
}

TEST(ScaleProfilesTest, DifferentFamiliesAreAnError) {
  std::vector<profile::Profile> both = Two();
  both[1].sample_types[1].unit = both[1].Intern("bytes");
  EXPECT_EQ(ScaleProfiles(both).message(),
            "sample types: incompatible types: {cpu nanoseconds 0 0} {cpu bytes 0 0}");
}

TEST(ScaleProfilesTest, APluralMakesNoDifference) {
  std::vector<profile::Profile> both = Two();
  both[1].sample_types[0].type = both[1].Intern("sample");
  EXPECT_TRUE(ScaleProfiles(both).ok());
}

}  // namespace
}  // namespace cpprof::measurement
