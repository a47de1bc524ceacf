// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/hot/snapshot.h"

namespace pprofagent::service {

// What of a line is not the cycle's.
struct MemoryCircumstances {
  int64_t since_start_ns = 0;  // at the cycle's end
  int64_t agent_cpu_ns = 0;    // of the helper thread
  uint64_t resident_bytes = 0;
  uint64_t stack_bytes = 0;
  int processors = 0;
};

// One line of the memory trace, in the manner of Go's gctrace:
//
//   mem 7 @6.301s 0%: +12841-12040 objs, 224->236->192 MB, 384 MB goal, 260 MB rss,
//   1 MB stacks, 224 MB alloc, 35.1 MB/s, 2 P
//
// number; seconds since the start; processor time of the agent's own thread;
// objects allocated and freed; in use at the beginning, at most, at the end; what
// has to be allocated until the next line; resident memory; what of it are
// stacks; bytes allocated, and per second; processors; perhaps (forced).
std::string MemoryCycleLine(const hot::MemoryCycle& cycle,
                            const MemoryCircumstances& circumstances);

}  // namespace pprofagent::service
