// SPDX-License-Identifier: Apache-2.0
//
// CPU profiles over an interval. The engine's counts only ever grow, so a
// profile is what was added since it began: several may run at the same time,
// each with its own beginning, over the one engine that they share. The first
// to begin starts it, the last to end stops it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/hot/controls.h"
#include "agent/hot/snapshot.h"
#include "agent/service/profile/recording.h"

namespace pprofagent::service {

// Counts of all stacks at one moment, ordered by the stack's place in memory,
// which is its identity.
using CpuCounts = std::vector<hot::CpuSample>;
CpuCounts ReadCpuCounts();

// What `now` has beyond `before`; stacks without anything new are left out.
CpuCounts CountsSince(const CpuCounts& before, const CpuCounts& now);

class CpuInterval {
 public:
  // Of the samples that are there already, none counts; those that come are taken
  // at this rate.
  void Begin(int rate_hz);
  // What is sampled from here on does not count.
  void Stop();
  // What was sampled from Begin to Stop, or to now.
  Recording Record() const;

 private:
  int rate_hz_ = 1;
  CpuCounts before_;
  std::optional<CpuCounts> after_;
  int64_t begin_wall_ns_ = 0;
  int64_t begin_ns_ = 0;
  int64_t end_ns_ = 0;
};

}  // namespace pprofagent::service
