// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/gunzip.h"

#include <gtest/gtest.h>

#include <random>

#include "tools/base/gzip.h"

namespace cpprof::fetch {
namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;

std::string Unfolded(std::string_view bytes, uint64_t limit = kPlenty) {
  const auto out = Gunzip(bytes, limit);
  return out.ok() ? std::string(View(*out)) : "error: " + out.message();
}

TEST(Gunzip, MembersFollowEachOther) {
  const std::string one = *GzipCompress("hello ");
  const std::string two = *GzipCompress(std::string(200000, 'x'));
  EXPECT_TRUE(IsGzip(one));
  EXPECT_FALSE(IsGzip("\x1f"));
  EXPECT_EQ(Unfolded(one), "hello ");
  EXPECT_EQ(Unfolded(one + two + one), "hello " + std::string(200000, 'x') + "hello ");
  EXPECT_EQ(Unfolded(*GzipCompress("")), "");
}

TEST(Gunzip, DamageIsTold) {
  const std::string good = *GzipCompress("some text that is long enough to be cut somewhere");
  for (size_t size = 2; size < good.size(); ++size) {
    EXPECT_EQ(Unfolded(good.substr(0, size)), "error: unexpected EOF") << size;
  }
  EXPECT_EQ(Unfolded(good + "junk"), "error: unexpected EOF");
  EXPECT_EQ(Unfolded(good + "more than ten bytes"), "error: gzip: invalid header");
  std::string bad = good;
  bad[bad.size() - 8] = static_cast<char>(bad[bad.size() - 8] + 1);
  EXPECT_EQ(Unfolded(bad), "error: gzip: invalid checksum");
  bad = good;
  bad[2] = 9;
  EXPECT_EQ(Unfolded(bad), "error: gzip: invalid header");
  bad = good;
  bad[10] = '\xff';
  EXPECT_EQ(Unfolded(bad), "error: flate: corrupt input before offset 1");
  // Where the data begin, after the name, is offset 0.
  bad[3] = 8;
  bad.insert(10, std::string_view("name\0", 5));
  EXPECT_EQ(Unfolded(bad), "error: flate: corrupt input before offset 1");
}

TEST(Gunzip, ABombIsRefusedAtTheLimit) {
  const std::string bomb = *GzipCompress(std::string(3 << 20, '\0'));
  EXPECT_EQ(Unfolded(bomb, 3 << 20).size(), size_t{3} << 20);
  EXPECT_TRUE(Unfolded(bomb, (3 << 20) - 1)
                  .starts_with("error: more than 2 MiB of data from " +
                               std::to_string(bomb.size()) + " bytes"));
  // The size in the trailer is a hint that may lie.
  std::string lying = bomb;
  for (size_t i = 1; i <= 4; ++i) lying[lying.size() - i] = '\xff';
  EXPECT_TRUE(Unfolded(lying).starts_with("error: "));
}

TEST(DecompressionLimit, GrowsWithTheInputBetweenItsBounds) {
  EXPECT_EQ(DecompressionLimit(0), uint64_t{256} << 20);
  EXPECT_EQ(DecompressionLimit(5 << 20), uint64_t{500} << 20);
  EXPECT_EQ(DecompressionLimit(~uint64_t{0}), uint64_t{4} << 30);
}

TEST(Gunzip, MutationsNeverCrash) {
  const std::string good = *GzipCompress(std::string(5000, 'a') + "tail");
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] = static_cast<char>(random());
    const auto out = Gunzip(bad, 1 << 20);
    EXPECT_TRUE(!out.ok() || out->size() <= size_t{1} << 20);
  }
}

}  // namespace
}  // namespace cpprof::fetch
