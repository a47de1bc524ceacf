// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/tools/profile/legacy/describe.h"

namespace cpprof::profile::legacy {
namespace {

using Words = std::vector<uint64_t>;

std::string Bytes(const Words& words, size_t width, bool big_endian) {
  std::string bytes;
  for (const uint64_t word : words) {
    for (size_t i = 0; i < width; ++i) {
      const size_t shift = 8 * (big_endian ? width - 1 - i : i);
      bytes += static_cast<char>(word >> shift);
    }
  }
  return bytes;
}

const Words kTwoSamples = {0, 3, 0, 10000, 0, 4, 2, 0x100, 0x201, 1, 1, 0x300, 0, 1, 0};
constexpr char kMap[] = "00000100-00000900: /bin/prog\n";

TEST(Cpu, AllWidthsAndByteOrders) {
  for (const size_t width : {4u, 8u}) {
    for (const bool big_endian : {false, true}) {
      const auto profile = Parse(Bytes(kTwoSamples, width, big_endian) + kMap);
      ASSERT_TRUE(profile.ok()) << profile.message();
      EXPECT_EQ(DescribeTypes(*profile), "samples/count cpu/nanoseconds");
      EXPECT_EQ(DescribeSamples(*profile), "4 40000000 @ 100 200\n1 10000000 @ 300\n");
      EXPECT_EQ(profile->period, 10000000);
      EXPECT_EQ(DescribeMappings(*profile), "100-900+0 /bin/prog\n");
    }
  }
}

TEST(Cpu, TheSignalHandlersFramesGo) {
  Words words = {0, 3, 0, 1, 0};
  // 40 samples through the same two handler frames, one without them: one in 32 may differ.
  for (uint64_t i = 0; i < 40; ++i) {
    words.insert(words.end(), {1, 4, 0x1000 + i, 0x51, 0x61, 0x2001});
  }
  words.insert(words.end(), {1, 2, 0x3000, 0x3101});
  const auto profile = Parse(Bytes(words, 8, false));
  ASSERT_TRUE(profile.ok());
  EXPECT_EQ(profile->samples.Stack(0).size(), 2u);
  EXPECT_EQ(profile->locations[profile->samples.Stack(0)[1]].address, 0x2000u);
  EXPECT_EQ(profile->samples.Stack(40).size(), 2u);
}

TEST(Cpu, ADuplicatedLeafGoes) {
  const Words words = {0, 3, 0, 1, 0, 1, 3, 0x100, 0x100, 0x201, 1, 2, 0x700, 0x801};
  EXPECT_EQ(SamplesOf(Bytes(words, 8, false)), "1 1000 @ 100 200\n1 1000 @ 700 800\n");
}

TEST(Cpu, JavaProgramsNameTheirAddressesAndHaveNoReturnAddresses) {
  const Words words = {0, 3, 1, 1, 0, 2, 2, 0x10, 0x20, 0, 1, 0};
  EXPECT_EQ(SamplesOf(Bytes(words, 8, false) + "0x10 a.B.c (B.java:3)\n"),
            "2 2000 @ a.B.c|B.java:3 0\n");
}

TEST(Cpu, NonsenseIsAnotherFormat) {
  EXPECT_EQ(SamplesOf(""), kUnrecognized);
  EXPECT_EQ(SamplesOf(Bytes({0, 3, 0, 0, 0}, 8, false)), kUnrecognized);
  EXPECT_EQ(SamplesOf(Bytes({0, 3, 0, 1, 0, 1, 99, 1}, 8, false)), kUnrecognized);
  EXPECT_EQ(SamplesOf(Bytes({0, 3, 0, 1, 0}, 8, false)), "");
}

}  // namespace
}  // namespace cpprof::profile::legacy
