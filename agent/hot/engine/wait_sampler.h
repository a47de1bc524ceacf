// SPDX-License-Identifier: Apache-2.0
//
// The mathematics of the block and mutex profiles.
//
// Which waits are recorded. As in Go: a wait of at least R always, as itself; a
// shorter one of d with probability d/R, and then as R/d waits of R altogether.
// The expected sums are the true ones, of contentions and of time, whatever the
// mix of long waits and short: d/R times R/d is one, d/R times R is d.
//
// R is the rate that was asked for, or more: a stack costs half a microsecond
// and a lock-heavy program contends a million times a second. The limit aims at
// 1000 samples a second: it doubles R as soon as one interval of 100 ms has seen
// twice its share, and brings it back by halves in intervals with less than half
// of it. R depends on earlier waits only, never on the one it is applied to, so
// the sums stay unbiased while R moves.
//
// A mutex fraction of n besides lets one of n contended releases through, which
// then counts n times.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/rt/random.h"
#include "agent/hot/store/contention_buckets.h"

namespace pprofagent::hot {

// False: not recorded. `rate` is R, at least 1.
bool WeighWait(uint64_t waited_ns, uint64_t rate, Random* random, ContentionWeight* weight);

// Whether this one of `fraction` is let through; scales the weight if so.
bool PassFraction(uint32_t fraction, Random* random);

// Written by all threads with relaxed atomics; that two of them adapt at the
// same time makes R twice or half what one would have, for one interval.
class SampleLimit {
 public:
  // R for an event that ends at `now_ns`.
  uint64_t Rate(uint64_t asked_for, uint64_t now_ns);
  // A sample was recorded, at this R.
  void Count(uint64_t rate, uint64_t now_ns);
  void Reset();

  static constexpr uint64_t kIntervalNs = 100'000'000;
  static constexpr uint32_t kSamplesAnInterval = 100;

 private:
  void StartInterval(uint64_t now_ns);

  std::atomic<uint64_t> rate_{1};
  std::atomic<uint64_t> interval_start_{0};
  std::atomic<uint32_t> samples_{0};
};

}  // namespace pprofagent::hot
