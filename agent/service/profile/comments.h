// SPDX-License-Identifier: Apache-2.0
//
// The comments of a profile: how it came about and what it lacks, for whoever
// has only the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/hot/snapshot.h"

namespace pprofagent::service {

struct Circumstances {
  // "heap sampling rate: 524288 bytes"
  std::string rate;
  std::string unwinder;
  uint32_t stack_depth = 0;
  hot::Drops drops = {};
  // Samples whose stack had more frames than stack_depth.
  uint64_t truncated_samples = 0;
  // Samples whose stack ends in one of the other marks.
  uint64_t no_rule_samples = 0;
  uint64_t broken_samples = 0;
};

std::vector<std::string> Comments(const Circumstances& circumstances);

}  // namespace pprofagent::service
