// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/tools/profile/legacy/describe.h"

namespace cpprof::profile::legacy {
namespace {

constexpr char kListing[] =
    "--- threadz 1 ---\n\n"
    "--- Thread 7f01 (name: main/14748) stack: ---\n"
    "  PC: 0x100 f(): g()\n"
    "  0x201 h()\n"
    "--- Thread 7f02 (name: w/14749) stack: ---\n"
    "  [same as previous thread]\n"
    "--- Thread 7f03 (name: w2/14750) stack: ---\n"
    "  0x300\n"
    "  0x300\n"
    "  0x401\n"
    "--- Memory map: ---\n"
    "  00000100-00000900: /bin/prog\n";

TEST(Threads, OneSampleAStackAndTheLeafIsNoReturnAddress) {
  const auto profile = Parse(kListing);
  ASSERT_TRUE(profile.ok()) << profile.message();
  EXPECT_EQ(DescribeTypes(*profile), "thread/count");
  // The third thread's leaf is there twice: as it is and, as a return address, one less.
  EXPECT_EQ(DescribeSamples(*profile), "2 @ 100 200\n1 @ 300 400\n");
  EXPECT_EQ(DescribeMappings(*profile), "100-900+0 /bin/prog\n");
}

TEST(Threads, AListingThatDoesNotEndIsNone) {
  EXPECT_EQ(SamplesOf("--- Thread 7f01 (name: main/1) stack: ---\n  0x100\n"), kUnrecognized);
  EXPECT_EQ(SamplesOf("--- Thread 7f01 (name: main/1) stack: ---\n  0x100\n"
                      "---- no stack trace for thread 2\n"),
            "1 @ 100\n");
  EXPECT_EQ(SamplesOf("--- threadz 1 ---\n"), kUnrecognized);
}

TEST(Threads, DamagedAddress) {
  EXPECT_EQ(SamplesOf("--- Thread 1 (name: m/1) stack: ---\n 0xfffffffffffffffff\n"),
            "error: malformed sample: 0xfffffffffffffffff: failed to parse as hex 64-bit number: "
            "0xfffffffffffffffff");
}

}  // namespace
}  // namespace cpprof::profile::legacy
