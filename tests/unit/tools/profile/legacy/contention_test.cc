// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/tools/profile/legacy/describe.h"

namespace cpprof::profile::legacy {
namespace {

TEST(Contention, CyclesBecomeTimeAndBothAreScaledByThePeriod) {
  const auto profile = Parse(
      "--- contentionz 1 ---\n"
      "cycles/second = 2000000000\n"
      "sampling period = 100\n"
      "ms since reset = 5\n"
      "discarded samples = 0\n"
      "  4000 3 @ 0x101 0x201\n"
      "--- Memory map: ---\n"
      "00000100-00000900: /bin/prog\n");
  ASSERT_TRUE(profile.ok()) << profile.message();
  EXPECT_EQ(DescribeTypes(*profile), "contentions/count delay/nanoseconds");
  EXPECT_EQ(DescribeSamples(*profile), "300 200000 @ 100 200\n");
  EXPECT_EQ(profile->period, 100);
  EXPECT_EQ(profile->duration_nanos, 5000000);
  EXPECT_TRUE(profile->Text(profile->drop_frames).starts_with("RecordLockProfileData"));
}

TEST(Contention, GoHeadersWithoutAttributes) {
  EXPECT_EQ(SamplesOf("--- mutex:\n40 2 @ 0x11\n"), "2 40 @ 10\n");
  EXPECT_EQ(SamplesOf("--- contention:\n\n40 2 @ 0x11\n"), "2 40 @ 10\n");
}

TEST(Contention, UnknownAttributesMeanAnotherFormat) {
  EXPECT_EQ(SamplesOf("--- contentionz 1 ---\ncolour = blue\n40 2 @ 0x11\n"), kUnrecognized);
  EXPECT_EQ(SamplesOf("--- mutex:\nsampling period = x\n"), kUnrecognized);
  EXPECT_EQ(SamplesOf("--- mutex:\nnonsense\n"), kUnrecognized);
}

TEST(Contention, HugeValuesDoNotOverflow) {
  EXPECT_EQ(SamplesOf("--- contentionz 1 ---\n"
                      "cycles/second = 1\nsampling period = 9223372036854775807\n"
                      "9223372036854775807 2 @ 0x11\n"),
            "-2 -9223372036854775808 @ 10\n");
}

}  // namespace
}  // namespace cpprof::profile::legacy
