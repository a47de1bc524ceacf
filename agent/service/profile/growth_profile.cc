// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/growth_profile.h"

#include "agent/hot/controls.h"
#include "agent/hot/snapshot.h"
#include "agent/service/base/clock.h"

namespace pprofagent::service {
namespace {

void Add(void* recording, const hot::GrowthSample& sample) {
  RecordedSample& added = static_cast<Recording*>(recording)->samples.emplace_back();
  added.stack = sample.stack;
  added.values = {sample.times, sample.bytes};
}

}  // namespace

Recording RecordGrowth(const KindSpec& kind, const ProfileContext&) {
  Recording recording;
  recording.kind = &kind;
  recording.period = 1;
  recording.time_ns = WallClock();
  recording.rate =
      "growth: allocations that were the first in their mebibyte of address space, of those "
      "sampled "
      "every " +
      std::to_string(hot::HeapRate()) + " bytes";
  hot::VisitGrowth(Add, &recording);
  return recording;
}

}  // namespace pprofagent::service
