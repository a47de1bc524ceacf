// SPDX-License-Identifier: Apache-2.0
//
// Which waits are recorded and what they count, against the truth. Statistical
// checks allow six standard errors, with fixed seeds.
#include "agent/hot/engine/wait_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace pprofagent::hot {
namespace {

constexpr double kOne = 1 << kContentionFractionBits;

TEST(WeighWait, TakesLongWaitsAsTheyAre) {
  Random random;
  ContentionWeight weight{};
  for (const uint64_t waited : {1000u, 1001u, 5000000u}) {
    ASSERT_TRUE(WeighWait(waited, 1000, &random, &weight));
    EXPECT_EQ(weight.contentions, 1u << kContentionFractionBits);
    EXPECT_EQ(weight.delay_ns, waited);
  }
}

TEST(WeighWait, TakesEverythingAtRateOneExceptNothing) {
  Random random;
  ContentionWeight weight{};
  EXPECT_TRUE(WeighWait(1, 1, &random, &weight));
  EXPECT_FALSE(WeighWait(0, 1, &random, &weight));
  EXPECT_FALSE(WeighWait(0, 1000000, &random, &weight));
}

struct Sums {
  double contentions = 0;
  double delay = 0;
};

TEST(WeighWait, IsUnbiasedForAnyMix) {
  constexpr uint64_t kWaits[] = {1, 50, 700, 90'000, 999'999, 1'000'000, 30'000'000};
  constexpr uint64_t kRate = 1'000'000;
  constexpr int kEach = 400'000;
  Random random;
  random.Seed(3);
  for (const uint64_t waited : kWaits) {
    Sums found;
    for (int i = 0; i < kEach; ++i) {
      ContentionWeight weight{};
      if (!WeighWait(waited, kRate, &random, &weight)) continue;
      found.contentions += static_cast<double>(weight.contentions) / kOne;
      found.delay += static_cast<double>(weight.delay_ns);
    }
    const double p = std::min(1.0, static_cast<double>(waited) / kRate);
    const double error = 6 * std::sqrt(kEach * (1 - p) / p) + 0.001;
    EXPECT_NEAR(found.contentions, kEach, error) << waited;
    const auto length = static_cast<double>(waited);
    EXPECT_NEAR(found.delay, kEach * length, error * length) << waited;
  }
}

TEST(PassFraction, LetsOneOfSoManyThrough) {
  Random random;
  random.Seed(9);
  for (const uint32_t fraction : {1u, 2u, 5u, 1000u}) {
    constexpr int kTries = 1'000'000;
    int passed = 0;
    for (int i = 0; i < kTries; ++i) passed += PassFraction(fraction, &random) ? 1 : 0;
    const double p = 1.0 / fraction;
    EXPECT_NEAR(passed, kTries * p, 6 * std::sqrt(kTries * p * (1 - p))) << fraction;
  }
}

// Waits that come at a steady pace, one every `gap`, through the limit.
struct Outcome {
  Sums truth;
  Sums found;
  int recorded = 0;
};

Outcome RunThroughLimit(SampleLimit* limit, uint64_t* now, Random* random, uint64_t seconds,
                        uint64_t gap, uint64_t waited) {
  Outcome run;
  for (const uint64_t end = *now + seconds * 1'000'000'000; *now < end; *now += gap) {
    // A long wait among many short ones.
    const uint64_t length = random->Next() % 1000 == 0 ? 100 * waited : waited;
    run.truth.contentions += 1;
    run.truth.delay += static_cast<double>(length);
    const uint64_t rate = limit->Rate(1, *now);
    ContentionWeight weight{};
    if (!WeighWait(length, rate, random, &weight)) continue;
    limit->Count(rate, *now);
    ++run.recorded;
    run.found.contentions += static_cast<double>(weight.contentions) / kOne;
    run.found.delay += static_cast<double>(weight.delay_ns);
  }
  return run;
}

TEST(SampleLimit, RecordsAllOfALittle) {
  SampleLimit limit;
  Random random;
  uint64_t now = 123;
  const Outcome run = RunThroughLimit(&limit, &now, &random, 10, 2'000'000, 5000);
  EXPECT_EQ(run.recorded, 5000);
  EXPECT_EQ(run.found.delay, run.truth.delay);
  EXPECT_EQ(run.found.contentions, run.truth.contentions);
}

TEST(SampleLimit, KeepsToAboutAThousandASecondWithoutBias) {
  SampleLimit limit;
  Random random;
  random.Seed(5);
  uint64_t now = 123;
  RunThroughLimit(&limit, &now, &random, 1, 500, 800);
  const Outcome run = RunThroughLimit(&limit, &now, &random, 10, 500, 800);
  EXPECT_GT(run.recorded, 3000);
  EXPECT_LT(run.recorded, 25000);
  // Each recorded one stands for about as much as any other.
  const double error = 6 / std::sqrt(run.recorded);
  EXPECT_NEAR(run.found.delay / run.truth.delay, 1, error);
  EXPECT_NEAR(run.found.contentions / run.truth.contentions, 1, error);
}

TEST(SampleLimit, HoldsSoon) {
  SampleLimit limit;
  Random random;
  random.Seed(6);
  uint64_t now = 123;
  // Two million waits a second. Each of 200 samples at the old rate raises it 16 times; it
  // has to become 1.6 ms.
  const Outcome run = RunThroughLimit(&limit, &now, &random, 1, 500, 800);
  EXPECT_LT(run.recorded, 1000 + 7 * 200 + 1000);
  EXPECT_GT(run.recorded, 500);
}

// A thousand threads that have waited for a second each, and go on at the same moment.
TEST(SampleLimit, ABurstOfLongWaitsIsRecordedWhole) {
  SampleLimit limit;
  Random random;
  uint64_t now = 123;
  int recorded = 0;
  for (int i = 0; i < 1000; ++i) {
    now += 100;
    const uint64_t rate = limit.Rate(1, now);
    ContentionWeight weight{};
    if (!WeighWait(1'000'000'000, rate, &random, &weight)) continue;
    limit.Count(rate, now);
    ++recorded;
  }
  EXPECT_EQ(recorded, 1000);
}

TEST(SampleLimit, ForgetsAStormWhenItIsOver) {
  SampleLimit limit;
  Random random;
  uint64_t now = 123;
  RunThroughLimit(&limit, &now, &random, 1, 500, 800);
  EXPECT_GT(limit.Rate(1, now), 1000u);
  now += 5'000'000'000;
  EXPECT_EQ(limit.Rate(1, now), 1u);
  EXPECT_EQ(limit.Rate(77, now), 77u);
}

}  // namespace
}  // namespace pprofagent::hot
