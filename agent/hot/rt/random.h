// SPDX-License-Identifier: Apache-2.0
//
// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift
// generators, scrambled", 2016): eight bytes of state a thread, good in all the
// bits we use. Not for secrets.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

class Random {
 public:
  // Any seed will do, 0 included.
  void Seed(uint64_t seed) {
    // One round of splitmix64, so that neighbouring seeds give unlike streams.
    seed += 0x9e3779b97f4a7c15u;
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
    seed ^= seed >> 31;
    state_ = seed != 0 ? seed : 1;
  }

  uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1du;
  }

 private:
  uint64_t state_ = 1;
};

}  // namespace pprofagent::hot
