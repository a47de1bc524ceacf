// SPDX-License-Identifier: Apache-2.0
//
// The sampling mathematics against what the theory says. Each statistical
// check allows six standard errors: it fails by chance less than once in 5e8
// runs, and the seeds are fixed, so that it does not fail by chance at all
// unless the code changes.
#include "agent/hot/engine/sampler.h"

#include <fenv.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "agent/hot/store/heap_buckets.h"

namespace pprofagent::hot {
namespace {

constexpr double kOne = 1 << kObjectFractionBits;

TEST(BlockWeight, IsTheInverseOfTheProbability) {
  for (const int64_t rate : {2L, 100L, 4096L, 524288L, 1L << 30}) {
    for (const uint64_t size : {0UL, 1UL, 16UL, 1000UL, 65536UL, 1048576UL, 1UL << 34}) {
      const double p = -std::expm1(-(static_cast<double>(size) + 1) / static_cast<double>(rate));
      const double weight = static_cast<double>(BlockWeight(size, rate)) / kOne;
      EXPECT_NEAR(weight * p, 1, 1e-5) << "size " << size << " rate " << rate;
    }
  }
}

TEST(BlockWeight, IsExactlyOneAtRateOne) {
  EXPECT_EQ(BlockWeight(0, 1), 1u << kObjectFractionBits);
  EXPECT_EQ(BlockWeight(123456789, 1), 1u << kObjectFractionBits);
}

TEST(DrawInterval, IsExponentiallyDistributed) {
  constexpr int64_t kRate = 524288;
  constexpr int kDraws = 200000;
  Random random;
  random.Seed(42);
  double sum = 0;
  double squares = 0;
  int below_median = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto x = static_cast<double>(DrawInterval(&random, kRate));
    sum += x;
    squares += x * x;
    below_median += x < std::log(2.0) * kRate;
  }
  const double mean = sum / kDraws;
  // The standard deviation of an exponential distribution is its mean; the
  // second moment is 2 mean^2 with standard deviation sqrt(20) mean^2.
  EXPECT_NEAR(mean / kRate, 1, 6 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws / kRate / kRate, 2, 6 * std::sqrt(20.0 / kDraws));
  EXPECT_NEAR(below_median / static_cast<double>(kDraws), 0.5, 6 * 0.5 / std::sqrt(kDraws));
}

struct Mix {
  std::vector<uint64_t> sizes;
  const char* name;
};

// Runs the countdown over a known mix of allocations and estimates bytes and
// objects from the samples alone.
TEST(Sampling, EstimatesAreUnbiasedForKnownMixes) {
  const Mix mixes[] = {
      {{64}, "small"},
      {{16, 48, 5000, 100, 3}, "small with some medium"},
      {{8, 1 << 20, 24, 64, 700000}, "small and large"},
      {{4096, 8192, 16384}, "pages"},
  };
  constexpr int64_t kRate = 65536;
  for (const Mix& mix : mixes) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      Random random;
      random.Seed(seed);
      uint64_t left = DrawInterval(&random, kRate);
      double bytes = 0;
      double objects = 0;
      double estimated_bytes = 0;
      double estimated_objects = 0;
      double variance_bytes = 0;
      double variance_objects = 0;
      for (int i = 0; i < 2000000; ++i) {
        const uint64_t size = mix.sizes[random.Next() % mix.sizes.size()];
        const double p = -std::expm1(-(static_cast<double>(size) + 1) / kRate);
        bytes += static_cast<double>(size);
        objects += 1;
        variance_objects += (1 - p) / p;
        variance_bytes += (1 - p) / p * static_cast<double>(size) * static_cast<double>(size);
        if (!__builtin_usubl_overflow(left, size + 1, &left)) continue;
        const double weight = static_cast<double>(BlockWeight(size, kRate)) / kOne;
        estimated_objects += weight;
        estimated_bytes += weight * static_cast<double>(size);
        left = DrawInterval(&random, kRate);
      }
      EXPECT_NEAR(estimated_bytes, bytes, 6 * std::sqrt(variance_bytes)) << mix.name << seed;
      EXPECT_NEAR(estimated_objects, objects, 6 * std::sqrt(variance_objects)) << mix.name << seed;
    }
  }
}

// A program may have unmasked floating-point traps or chosen another rounding
// mode; both must survive, and neither may kill it.
TEST(Sampling, LeavesTheFloatingPointEnvironmentAlone) {
  fesetround(FE_UPWARD);
  feclearexcept(FE_ALL_EXCEPT);
  feenableexcept(FE_INEXACT | FE_DIVBYZERO | FE_OVERFLOW | FE_INVALID | FE_UNDERFLOW);
  Random random;
  random.Seed(7);
  const uint64_t interval = DrawInterval(&random, 12345);
  const uint64_t weight = BlockWeight(100, 12345);
  const int raised = fetestexcept(FE_ALL_EXCEPT);
  const int rounding = fegetround();
  fedisableexcept(FE_ALL_EXCEPT);
  fesetround(FE_TONEAREST);
  EXPECT_GT(weight, 0u);
  EXPECT_LT(interval, 12345u * 64);
  EXPECT_EQ(raised, 0);
  EXPECT_EQ(rounding, FE_UPWARD);
}

}  // namespace
}  // namespace pprofagent::hot
