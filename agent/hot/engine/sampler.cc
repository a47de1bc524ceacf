// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/sampler.h"

#include "agent/hot/engine/floating_point.h"
#include "agent/hot/store/heap_buckets.h"

namespace pprofagent::hot {

namespace {

constexpr double kLn2 = 0.69314718055994530942;

// Natural logarithm of x in (0, 1]: exponent apart, then the series of
// 2 artanh((m-1)/(m+1)) for m in [1, 2). |s| <= 1/3, so twelve terms leave an
// error below 1e-12. libm is not linked into hot code.
double Log(double x) {
  uint64_t bits = __builtin_bit_cast(uint64_t, x);
  const int exponent = static_cast<int>(bits >> 52) - 1023;
  bits = (bits & ((uint64_t{1} << 52) - 1)) | (uint64_t{1023} << 52);
  const double m = __builtin_bit_cast(double, bits);
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return exponent * kLn2 + 2 * s * sum;
}

// 1 - exp(-x) for x > 0, accurate for small x too: Taylor series for
// -expm1(-r) with r = x / 2^k below 1/2, then k times 1-e^-2r = (1-e^-r)(1+e^-r).
double OneMinusExp(double x) {
  if (x > 40) return 1;
  int doublings = 0;
  while (x > 0.5) {
    x *= 0.5;
    ++doublings;
  }
  double sum = 0;
  for (int k = 14; k >= 1; --k) sum = x / k * (1 - sum);
  for (; doublings > 0; --doublings) sum = sum * (2 - sum);
  return sum;
}

// The compiler knows nothing of the control register and would move arithmetic
// out of the scope; so all of it is in functions that it must not move: not
// inlined, and with a side effect.

constexpr uint64_t kOne = uint64_t{1} << kObjectFractionBits;

[[gnu::noinline]] uint64_t Interval(uint64_t random_bits, int64_t rate) {
  asm volatile("");
  // Uniform in (0, 1]: 53 random bits.
  const double u = static_cast<double>((random_bits >> 11) + 1) * 0x1p-53;
  return static_cast<uint64_t>(-Log(u) * static_cast<double>(rate));
}

[[gnu::noinline]] uint64_t Weight(uint64_t size, int64_t rate) {
  asm volatile("");
  const double p = OneMinusExp((static_cast<double>(size) + 1) / static_cast<double>(rate));
  // Positive, and lround would be a call into libm. NOLINTNEXTLINE(bugprone-incorrect-roundings)
  return static_cast<uint64_t>(static_cast<double>(kOne) / p + 0.5);
}

}  // namespace

uint64_t DrawInterval(Random* random, int64_t rate) {
  const FloatingPointScope scope;
  return Interval(random->Next(), rate);
}

uint64_t BlockWeight(uint64_t size, int64_t rate) {
  if (rate <= 1) return kOne;
  const FloatingPointScope scope;
  return Weight(size, rate);
}

}  // namespace pprofagent::hot
