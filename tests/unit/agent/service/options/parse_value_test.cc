// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/parse_value.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace pprofagent::service {
namespace {

constexpr std::optional<int64_t> kNothing;

TEST(ParseInteger, TakesDigitsUpToTheLimit) {
  EXPECT_EQ(ParseInteger("0", 10), 0);
  EXPECT_EQ(ParseInteger("10", 10), 10);
  EXPECT_EQ(ParseInteger("007", 10), 7);
  for (const char* bad :
       {"", "11", "-1", "+1", " 1", "1 ", "1x", "0x1", "99999999999999999999999999999"}) {
    EXPECT_EQ(ParseInteger(bad, 10), kNothing) << bad;
  }
}

struct Case {
  const char* text;
  std::optional<int64_t> value;
};

TEST(ParseSize, KnowsItsForms) {
  const Case cases[] = {
      {"0", 0},
      {"1", 1},
      {"512k", 524288},
      {"512K", 524288},
      {"512kB", 524288},
      {"512KiB", 524288},
      {"1M", 1 << 20},
      {"2G", int64_t{2} << 30},
      {"4096b", 4096},
      {"8589934591G", int64_t{8589934591} << 30},
      {"8589934592G", kNothing},  // 2^63
      {"9223372036854775808", kNothing},
      {"", kNothing},
      {"k", kNothing},
      {"-1", kNothing},
      {"1.5M", kNothing},
      {"1 M", kNothing},
      {"1kk", kNothing},
      {"1T", kNothing},
      {"abc", kNothing},
  };
  for (const Case& each : cases) EXPECT_EQ(ParseSize(each.text), each.value) << each.text;
}

TEST(ParseDuration, KnowsItsForms) {
  const Case cases[] = {
      {"0", 0},
      {"off", 0},
      {"5ns", 5},
      {"5us", 5'000},
      {"250ms", 250'000'000},
      {"1s", 1'000'000'000},
      {"1.5s", 1'500'000'000},
      {"0.25ms", 250'000},
      {"1.0000000001s", 1'000'000'000},
      {"10m", 600'000'000'000},
      {"2h", 7'200'000'000'000},
      {"5", kNothing},
      {"s", kNothing},
      {".5s", kNothing},
      {"1.s", kNothing},
      {"-1s", kNothing},
      {"1s2ms", kNothing},
      {"1 s", kNothing},
      {"9999999999h", kNothing},
      {"", kNothing},
  };
  for (const Case& each : cases) EXPECT_EQ(ParseDuration(each.text), each.value) << each.text;
}

TEST(ParseSignal, KnowsNamesAndNumbers) {
  EXPECT_EQ(ParseSignal("USR1"), SIGUSR1);
  EXPECT_EQ(ParseSignal("SIGUSR2"), SIGUSR2);
  EXPECT_EQ(ParseSignal("sigusr1"), SIGUSR1);
  EXPECT_EQ(ParseSignal("10"), 10);
  EXPECT_EQ(ParseSignal("RTMIN"), SIGRTMIN);
  EXPECT_EQ(ParseSignal("RTMIN+3"), SIGRTMIN + 3);
  EXPECT_EQ(ParseSignal("SIGRTMAX-1"), SIGRTMAX - 1);
  EXPECT_EQ(ParseSignal("none"), 0);
  EXPECT_EQ(ParseSignal("0"), 0);
}

TEST(ParseSignal, RefusesWhatIsNoSignalOrCannotBeCaught) {
  for (const char* bad : {"", "FOO", "SIG", "KILL", "9", "STOP", "19", "-1", "65", "1000", "32",
                          "33", "RTMIN-1", "RTMIN+", "RTMIN+99", "RTMAX+1", "USR1 ", "USR11"}) {
    EXPECT_EQ(ParseSignal(bad), std::nullopt) << bad;
  }
}

TEST(ParseList, SplitsAtCommas) {
  using List = std::vector<std::string>;
  EXPECT_EQ(ParseList("heap"), (List{"heap"}));
  EXPECT_EQ(ParseList("heap,cpu , allocs"), (List{"heap", "cpu", "allocs"}));
  EXPECT_EQ(ParseList(""), List{});
  EXPECT_EQ(ParseList("none"), List{});
  EXPECT_EQ(ParseList("heap,,cpu"), std::nullopt);
  EXPECT_EQ(ParseList("heap,"), std::nullopt);
}

}  // namespace
}  // namespace pprofagent::service
