// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/cpu_profile.h"

#include <algorithm>

#include "agent/service/base/clock.h"
#include "agent/service/profile/comments.h"
#include "agent/service/profile/encoder.h"

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

void CpuInterval::Begin() {
  before_ = ReadCpuCounts();
  begin_wall_ns_ = WallClock();
  begin_ns_ = MonotonicClock();
}

void CpuInterval::Stop() {
  end_ns_ = MonotonicClock();
  after_ = ReadCpuCounts();
}

Status CpuInterval::WriteProfile(const ProfileContext& context, ByteStream* stream) const {
  const KindSpec& spec = SpecOf(Kind::kCpu);
  const int64_t duration_ns = (after_ ? end_ns_ : MonotonicClock()) - begin_ns_;
  const CpuCounts samples = CountsSince(before_, after_ ? *after_ : ReadCpuCounts());
  const Mappings mappings = Mappings::OfThisProcess();
  ProfileEncoder encoder(stream, mappings);
  encoder.SampleTypes(spec.sample_types);
  uint64_t truncated = 0;
  for (const hot::CpuSample& sample : samples) {
    const int64_t values[] = {sample.count, sample.nanoseconds};
    encoder.Sample({sample.stack.pcs, sample.stack.depth}, values);
    truncated += sample.stack.truncated ? 1 : 0;
  }
  const int rate = context.options->cpu_rate;
  Circumstances circumstances;
  circumstances.rate = "CPU sampling rate: " + std::to_string(rate) +
                       " Hz of each thread's CPU time, weighted by timer overrun";
  circumstances.unwinder = context.unwinder;
  circumstances.stack_depth = context.options->stack_depth;
  circumstances.drops = hot::ReadDrops();
  circumstances.truncated_samples = truncated;
  ProfileHeader header;
  header.period_type = spec.period_type;
  header.period = kNanosecondsPerSecond / rate;
  header.time_ns = begin_wall_ns_;
  header.duration_ns = duration_ns;
  header.default_sample_type = spec.default_sample_type;
  header.comments = Comments(circumstances);
  return encoder.Finish(header);
}

}  // namespace pprofagent::service
