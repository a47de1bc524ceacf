// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/parse.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tools/fetch/fetch_fixture.h"
#include "tools/base/gzip.h"
#include "tools/fetch/gunzip.h"

namespace cpprof::fetch {
namespace {

class ParseTest : public FetchFixture {};

TEST_F(ParseTest, AnyFormatCompressedOrNot) {
  const std::string packed = ProfileBytes("f", 5);
  EXPECT_TRUE(ParseProfile(packed).ok());
  EXPECT_TRUE(ParseProfile(View(*Gunzip(packed, 1 << 20))).ok());
  const std::string legacy = "goroutine profile: total 1\n1 @ 0x10\n";
  EXPECT_TRUE(ParseProfile(legacy).ok());
  EXPECT_TRUE(ParseProfile(*GzipCompress(legacy)).ok());
}

TEST_F(ParseTest, ErrorsSayWhichStepFailed) {
  EXPECT_EQ(ParseProfile("").message(), "parsing profile: empty input file");
  EXPECT_EQ(ParseProfile("text").message(), "parsing profile: unrecognized profile format");
  EXPECT_EQ(ParseProfile("\x1f\x8b").message(), "decompressing profile: unexpected EOF");
  // gzip in gzip is not unfolded twice.
  EXPECT_EQ(ParseProfile(*GzipCompress(ProfileBytes("f", 1))).message(),
            "parsing profile: unrecognized profile format");
}

TEST_F(ParseTest, MutationsNeverCrash) {
  const std::string good(View(*Gunzip(ProfileBytes("function", 5), 1 << 20)));
  std::mt19937 random(5);
  for (int i = 0; i < 3000; ++i) {
    std::string bad = good;
    for (uint32_t n = random() % 4; n > 0; --n) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) bad.resize(random() % bad.size());
    (void)ParseProfile(bad).ok();
  }
}

}  // namespace
}  // namespace cpprof::fetch
