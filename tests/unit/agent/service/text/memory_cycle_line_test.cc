// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/memory_cycle_line.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

constexpr int64_t kMebi = 1 << 20;

TEST(MemoryCycleLine, SaysAllThereIs) {
  const hot::MemoryCycle cycle = {.number = 7,
                                  .begin_ns = 0,
                                  .end_ns = 2'000'000'000,
                                  .allocated_objects = 12841,
                                  .freed_objects = 12040,
                                  .allocated_bytes = 71 * kMebi,
                                  .live_before = 224 * kMebi,
                                  .live_peak = 236 * kMebi + kMebi / 2,
                                  .live_after = 192 * kMebi - 1,
                                  .goal_bytes = 384 * kMebi,
                                  .forced = false};
  EXPECT_EQ(MemoryCycleLine(cycle, {.since_start_ns = 6'301'999'999,
                                    .agent_cpu_ns = 189'000'000,
                                    .resident_bytes = 260 * kMebi,
                                    .stack_bytes = kMebi,
                                    .processors = 2}),
            "mem 7 @6.301s 2%: +12841-12040 objs, 224->237->192 MB, 384 MB goal, 260 MB rss, "
            "1 MB stacks, 71 MB alloc, 35.5 MB/s, 2 P\n");
}

TEST(MemoryCycleLine, OfNothingAtAllAndForced) {
  EXPECT_EQ(MemoryCycleLine({.number = 1, .forced = true}, {}),
            "mem 1 @0.000s 0%: +0-0 objs, 0->0->0 MB, 0 MB goal, 0 MB rss, 0 MB stacks, "
            "0 MB alloc, 0.0 MB/s, 0 P (forced)\n");
}

}  // namespace
}  // namespace pprofagent::service
