// SPDX-License-Identifier: Apache-2.0
//
// The mathematics of heap sampling.
//
// Think of the allocated bytes as a line on which points lie at random, one in
// `rate` bytes on average (a Poisson process). A block is sampled when at least
// one point falls on it. The distance to the next point is exponentially
// distributed and has no memory, so a thread only counts down the bytes to its
// next point, and starts afresh after each sample.
//
// A block of s bytes occupies s + 1 bytes of the line (so that empty blocks are
// seen too) and is therefore sampled with probability p = 1 - exp(-(s+1)/rate):
// at the default rate of 512 KiB, 64 bytes 0.012 %, 4 KiB 0.78 %, 512 KiB 63 %,
// 4 MiB 99.97 %. Counting every sampled block as 1/p blocks of its size makes
// each estimate unbiased, whatever the mix of sizes (Horvitz and Thompson,
// 1952); scaling sums per stack by their mean size, as older profilers do, is
// biased wherever one stack allocates several sizes.
//
// The arithmetic is in doubles under FloatingPointScope: a program may have
// unmasked floating-point exceptions or set another rounding mode, and must
// find its flags as it left them.
#pragma once

#include <cstdint>

#include "agent/hot/rt/random.h"

namespace pprofagent::hot {

// Bytes (of blocks enlarged by one) up to the next sample; at least 0.
// rate > 1. Async-signal-safe.
uint64_t DrawInterval(Random* random, int64_t rate);

// How many blocks one sampled block of this size stands for, in units of
// 2^-kObjectFractionBits; exactly one for rate 1. Async-signal-safe.
uint64_t BlockWeight(uint64_t size, int64_t rate);

}  // namespace pprofagent::hot
