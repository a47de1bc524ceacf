// SPDX-License-Identifier: Apache-2.0
//
// Which mebibytes of the address space have ever been the allocator's to hand
// out, as far as sampled blocks tell: a bit for each, in a word for each region of
// 64 MiB that has one. A program whose heap grows touches new ones; one that only
// uses again what it has freed touches none, however much it allocates. So this
// tells growth from use without knowing any allocator, and without standing
// between it and the kernel.
//
// A block below a mebibyte stands for the one it begins in; a larger one for
// those whose middle it covers, which on average is its size. At the default rate
// a mebibyte of small blocks goes unseen in the first round with probability
// 1/8, and is then credited to whoever is sampled in it next.
//
// Writers: any thread, with one atomic operation. Regions are records of an
// InternIndex: never removed; memory for a region refused, its growth is lost and
// the caller counts it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprofagent::hot {

inline constexpr size_t kGrowthGranule = size_t{1} << 20;

struct Growth {
  uint64_t bytes = 0;  // that were new
  bool refused = false;
};

// Async-signal-safe, thread-safe, lock-free.
Growth TouchForGrowth(const void* block, size_t size);

}  // namespace pprofagent::hot
