// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/cpu_profile.h"

#include <algorithm>

#include "agent/hot/controls.h"
#include "agent/service/base/clock.h"
#include "agent/service/base/status.h"
#include "agent/service/profile/kinds.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

bool ByStack(const hot::CpuSample& a, const hot::CpuSample& b) {
  return std::less<>()(a.stack.pcs, b.stack.pcs);
}

// Several counts of one stack become one.
CpuCounts Merged(const CpuCounts& ordered) {
  CpuCounts merged;
  for (const hot::CpuSample& sample : ordered) {
    if (!merged.empty() && merged.back().stack.pcs == sample.stack.pcs) {
      merged.back().count += sample.count;
      merged.back().nanoseconds += sample.nanoseconds;
    } else {
      merged.push_back(sample);
    }
  }
  return merged;
}

// With what it cannot show.
std::string Engine() {
  const hot::PerfUse perf = hot::ReadPerfUse();
  std::string timer =
      "timer (looked at by the kernel at its tick; samples are weighted by what expired in "
      "between)";
  if (!perf.wanted) return timer;
  if (perf.refusal != 0) {
    return timer + ", perf was refused (" + ErrnoText(perf.refusal) + ")";
  }
  return std::string("perf (threads of less than a quarter of a second: timer") +
         (perf.kernel_time ? ")"
                           : "; the kernel's time is shown where the program goes on after it)");
}

}  // namespace

CpuCounts ReadCpuCounts() {
  CpuCounts counts;
  hot::VisitCpu(
      [](void* context, const hot::CpuSample& sample) {
        static_cast<CpuCounts*>(context)->push_back(sample);
      },
      &counts);
  std::sort(counts.begin(), counts.end(), ByStack);
  return Merged(counts);
}

CpuCounts CountsSince(const CpuCounts& before, const CpuCounts& now) {
  CpuCounts added;
  auto old = before.begin();
  for (hot::CpuSample sample : now) {
    while (old != before.end() && ByStack(*old, sample)) ++old;
    if (old != before.end() && old->stack.pcs == sample.stack.pcs) {
      sample.count -= old->count;
      sample.nanoseconds -= old->nanoseconds;
      ++old;
    }
    if (sample.count != 0 || sample.nanoseconds != 0) added.push_back(sample);
  }
  return added;
}

void CpuInterval::Begin(int rate_hz) {
  rate_hz_ = rate_hz;
  before_ = ReadCpuCounts();
  begin_wall_ns_ = WallClock();
  begin_ns_ = MonotonicClock();
}

void CpuInterval::Stop() {
  end_ns_ = MonotonicClock();
  after_ = ReadCpuCounts();
}

Recording CpuInterval::Record() const {
  Recording recording;
  recording.kind = &SpecOf(Kind::kCpu);
  recording.period = kNanosecondsPerSecond / rate_hz_;
  recording.time_ns = begin_wall_ns_;
  recording.duration_ns = (after_ ? end_ns_ : MonotonicClock()) - begin_ns_;
  recording.rate = "CPU sampling rate: " + std::to_string(rate_hz_) +
                   " Hz of each thread's CPU time; engine: " + Engine();
  for (const hot::CpuSample& sample : CountsSince(before_, after_ ? *after_ : ReadCpuCounts())) {
    recording.samples.push_back(
        {.stack = sample.stack, .values = {sample.count, sample.nanoseconds}});
  }
  return recording;
}

}  // namespace pprofagent::service
