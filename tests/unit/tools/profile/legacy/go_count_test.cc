// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/tools/profile/legacy/describe.h"

namespace cpprof::profile::legacy {
namespace {

TEST(GoCount, CountsStacksOfReturnAddresses) {
  const auto profile = Parse(
      "\n# comment\n"
      "goroutine profile: total 3\n"
      "2 @ 0x101 0x201\n#\t0x100\tmain.f\n\n"
      "010 @ 0x101\n"
      "---\n"
      "not read\n");
  ASSERT_TRUE(profile.ok()) << profile.message();
  EXPECT_EQ(DescribeTypes(*profile), "goroutine/count");
  // Numbers follow the reference's rules: a leading zero is octal.
  EXPECT_EQ(DescribeSamples(*profile), "2 @ 100 200\n8 @ 100\n");
  EXPECT_EQ(profile->locations.size(), 2u);
}

TEST(GoCount, DamagedLines) {
  EXPECT_EQ(SamplesOf("goroutine profile: total 3\n2 @ x\n"), "error: malformed profile format");
  EXPECT_EQ(SamplesOf("goroutine profile: total 3\n09 @ 0x1\n"), "error: malformed profile format");
  EXPECT_EQ(SamplesOf("goroutine profile: total 3.5\n"), kUnrecognized);
  EXPECT_EQ(SamplesOf("goroutine profile: total 3 \n"), kUnrecognized);
}

}  // namespace
}  // namespace cpprof::profile::legacy
