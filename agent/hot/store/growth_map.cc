// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/growth_map.h"

#include <atomic>

#include "agent/hot/store/intern_index.h"
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

namespace {

constexpr uint64_t kGranulesPerRegion = 64;

struct Region {
  uint64_t number;
  std::atomic<uint64_t> touched;
};

constinit InternIndex<Region> g_regions(&g_store_pool);

Region* Make(uint64_t number) {
  auto* region = static_cast<Region*>(g_store_pool.Allocate(sizeof(Region)));
  if (region != nullptr) region->number = number;
  return region;
}

Region* Find(uint64_t number) {
  return g_regions.FindOrInsert((number + 1) * 0x9e3779b97f4a7c15u,
                                [number](const Region* region) { return region->number == number; },
                                [number] { return Make(number); });
}

// The bits from `first` to before `limit` of a word, where limit > first.
constexpr uint64_t Bits(uint64_t first, uint64_t limit) {
  return (~uint64_t{0} >> (kGranulesPerRegion - (limit - first))) << first;
}

// Not by the compiler's function, which is a call into its library. Each granule is
// counted once in a process's life.
uint64_t CountOf(uint64_t bits) {
  uint64_t count = 0;
  for (; bits != 0; bits &= bits - 1) ++count;
  return count;
}

}  // namespace

Growth TouchForGrowth(const void* block, size_t size) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  constexpr uint64_t kHalf = kGrowthGranule / 2;
  uint64_t first = address / kGrowthGranule;
  uint64_t limit = first + 1;
  if (size >= kGrowthGranule) {
    first = (address + kHalf) / kGrowthGranule;
    limit = (address + size + kHalf) / kGrowthGranule;
  }
  Growth growth;
  while (first < limit) {
    const uint64_t number = first / kGranulesPerRegion;
    const uint64_t end = (number + 1) * kGranulesPerRegion;
    const uint64_t last = end < limit ? end : limit;
    const uint64_t begin = number * kGranulesPerRegion;
    const uint64_t wanted = Bits(first - begin, last - begin);
    first = last;
    Region* region = Find(number);
    if (region == nullptr) {
      growth.refused = true;
      continue;
    }
    // Nearly always they are set already.
    if ((region->touched.load(std::memory_order_relaxed) & wanted) == wanted) continue;
    const uint64_t before = region->touched.fetch_or(wanted, std::memory_order_relaxed);
    growth.bytes += CountOf(wanted & ~before) * kGrowthGranule;
  }
  return growth;
}

}  // namespace pprofagent::hot
