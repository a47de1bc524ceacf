// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/tools/profile/legacy/describe.h"

namespace cpprof::profile::legacy {
namespace {

TEST(Heap, EverythingRecorded) {
  const auto profile = Parse(
      "heap profile: 3: 60 [ 3: 60] @ heapprofile\n"
      "# comment\n"
      "  1: 20 [ 1: 20] @ 0x101 0x201\n"
      "  2: 40 [ 2: 40] @ 0x101\n");
  ASSERT_TRUE(profile.ok()) << profile.message();
  EXPECT_EQ(DescribeTypes(*profile), "objects/count space/bytes");
  EXPECT_EQ(DescribeSamples(*profile), "1 20 @ 100 200 {bytes=20}\n2 40 @ 100 {bytes=20}\n");
  EXPECT_EQ(profile->period, 1);
  EXPECT_EQ(profile->Text(profile->period_type.type), "space");
  EXPECT_EQ(DescribeMappings(*profile), "0-ffffffffffffffff+0\n");
  EXPECT_TRUE(profile->Text(profile->drop_frames).find("tc_malloc") != std::string_view::npos);
}

TEST(Heap, AllocationColumnsComeFirstWhenTheySaySomething) {
  const auto profile = Parse(
      "heap profile: 1: 10 [ 5: 50] @ heap_v2/1\n"
      "1: 10 [5: 50] @ 0x2\n");
  ASSERT_TRUE(profile.ok());
  EXPECT_EQ(DescribeTypes(*profile),
            "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes");
  EXPECT_EQ(DescribeSamples(*profile), "5 50 1 10 @ 1 {bytes=10}\n");
}

TEST(Heap, SampledValuesAreScaledToAllAllocations) {
  // Blocks of exactly the rate are met with probability 1-1/e: 100/(1-1/e) = 158.19...
  EXPECT_EQ(SamplesOf("heap profile: 100: 51200 [0: 0] @ heapz_v2/512\n"
                      "100: 51200 [0: 0] @ 0x2\n"),
            "158 80997 @ 1 {bytes=512}\n");
  // This kind tells twice the rate.
  EXPECT_EQ(SamplesOf("heap profile: 100: 51200 [0: 0] @ heap/1024\n"
                      "100: 51200 [0: 0] @ 0x2\n"),
            "158 80997 @ 1 {bytes=512}\n");
}

TEST(Heap, GrowthAndFragmentation) {
  EXPECT_EQ(SamplesOf("heap profile: 1: 8 [1: 8] @ growthz\n1: 8 [1: 8] @ 0x10\n"),
            "1 8 @ f {bytes=8}\n");
  EXPECT_EQ(SamplesOf("heap profile: 1: 8 [1: 8] @ fragmentation\n1: 8 [1: 8] @ 0x10\n"),
            "1 8 @ f {bytes=8}\n");
}

TEST(Heap, DamageIsNamed) {
  const std::string header = "heap profile: 1: 8 [1: 8] @ heapprofile\n";
  EXPECT_EQ(SamplesOf(header + "nonsense\n"),
            "error: unexpected number of sample values: got 0, want 6");
  EXPECT_EQ(SamplesOf(header + "0: 5 [0: 5] @ 0x1\n"),
            "error: inuse count was 0 but inuse bytes was 5");
  EXPECT_EQ(SamplesOf(header + "1: 99999999999999999999 [1: 8] @ 0x1\n"),
            "error: malformed sample: 1: 99999999999999999999 [1: 8] @ 0x1: strconv.ParseInt: "
            "parsing \"99999999999999999999\": value out of range");
  EXPECT_EQ(SamplesOf(header + "1: 8 [1: 8] @ 0x11112222333344445\n"),
            "error: malformed sample: 1: 8 [1: 8] @ 0x11112222333344445: failed to parse as hex "
            "64-bit number: 0x11112222333344445");
  EXPECT_EQ(SamplesOf("heap profile: 1: 8 [1: 8] @ heap_v3/1\n1: 8 [1: 8] @ 0x1\n"), kUnrecognized);
  EXPECT_EQ(SamplesOf(header + std::string(70000, 'x')), "error: bufio.Scanner: token too long");
}

}  // namespace
}  // namespace cpprof::profile::legacy
