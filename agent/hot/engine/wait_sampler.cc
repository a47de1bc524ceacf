// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/wait_sampler.h"

namespace pprofagent::hot {

namespace {

// Ten seconds: a hundred thousand threads that wait all the time are recorded
// ten thousand times a second.
constexpr uint64_t kHighestRate = 10'000'000'000;

// At a time. The fewer samples it takes until the limit holds the less it costs; but a
// thousand waits that end at the same moment must not make it forget those of seconds.
constexpr uint64_t kSteepestRise = 16;

// Uniform in [0, limit), limit below 2^48: the bias is below 2^-16 of a part.
uint64_t Below(uint64_t limit, Random* random) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(random->Next()) * limit) >> 64);
}

}  // namespace

bool WeighWait(uint64_t waited_ns, uint64_t rate, Random* random, ContentionWeight* weight) {
  if (waited_ns >= rate) {
    *weight = {uint64_t{1} << kContentionFractionBits, waited_ns};
    return true;
  }
  if (Below(rate, random) >= waited_ns) return false;
  *weight = {(rate << kContentionFractionBits) / waited_ns, rate};
  return true;
}

bool PassFraction(uint32_t fraction, Random* random) {
  return fraction <= 1 || Below(fraction, random) == 0;
}

uint64_t SampleLimit::Rate(uint64_t asked_for, uint64_t now_ns) {
  const uint64_t start = interval_start_.load(std::memory_order_relaxed);
  // As a difference of signs: another thread may have begun a later interval.
  if (static_cast<int64_t>(now_ns - start) >= static_cast<int64_t>(kIntervalNs)) {
    StartInterval(now_ns);
  }
  const uint64_t rate = rate_.load(std::memory_order_relaxed);
  return rate > asked_for ? rate : asked_for;
}

void SampleLimit::StartInterval(uint64_t now_ns) {
  uint64_t start = interval_start_.load(std::memory_order_relaxed);
  const uint64_t passed = (now_ns - start) / kIntervalNs;
  if (!interval_start_.compare_exchange_strong(start, now_ns, std::memory_order_relaxed)) return;
  const uint32_t samples = samples_.exchange(0, std::memory_order_relaxed);
  if (samples >= kSamplesAnInterval / 2 && passed < 2) return;
  const uint64_t halvings = passed < 63 ? passed : 63;
  const uint64_t rate = rate_.load(std::memory_order_relaxed) >> halvings;
  rate_.store(rate > 1 ? rate : 1, std::memory_order_relaxed);
}

void SampleLimit::Count(uint64_t rate, uint64_t now_ns) {
  if (samples_.fetch_add(1, std::memory_order_relaxed) + 1 < 2 * kSamplesAnInterval) return;
  samples_.store(0, std::memory_order_relaxed);
  const uint64_t start = interval_start_.exchange(now_ns, std::memory_order_relaxed);
  if (rate >= kHighestRate) return;
  const auto passed = static_cast<int64_t>(now_ns - start);
  uint64_t factor = kSteepestRise;
  if (passed > 0) factor = 2 * kIntervalNs / static_cast<uint64_t>(passed);
  if (factor < 2) factor = 2;
  if (factor > kSteepestRise) factor = kSteepestRise;
  rate_.store(rate * factor, std::memory_order_relaxed);
}

void SampleLimit::Reset() {
  rate_.store(1, std::memory_order_relaxed);
  interval_start_.store(0, std::memory_order_relaxed);
  samples_.store(0, std::memory_order_relaxed);
}

}  // namespace pprofagent::hot
