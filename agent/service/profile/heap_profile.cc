// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/heap_profile.h"

#include <algorithm>
#include <vector>

#include "agent/hot/controls.h"
#include "agent/hot/snapshot.h"
#include "agent/service/base/clock.h"
#include "agent/service/profile/comments.h"
#include "agent/service/profile/encoder.h"

namespace pprofagent::service {
namespace {

// Copied first, encoded later: a visit should not last as long as a disk takes.
std::vector<hot::HeapSample> Snapshot() {
  std::vector<hot::HeapSample> samples;
  hot::VisitHeap(
      [](void* context, const hot::HeapSample& sample) {
        const bool is_empty = sample.alloc_objects == 0 && sample.alloc_bytes == 0 &&
                              sample.inuse_objects == 0 && sample.inuse_bytes == 0;
        if (!is_empty) static_cast<std::vector<hot::HeapSample>*>(context)->push_back(sample);
      },
      &samples);
  return samples;
}

void Encode(const hot::HeapSample& sample, ProfileEncoder* encoder) {
  const int64_t values[] = {sample.alloc_objects, sample.alloc_bytes, sample.inuse_objects,
                            sample.inuse_bytes};
  const NumericLabel block_size{"bytes", sample.block_bytes, "bytes"};
  encoder->Sample({sample.stack.pcs, sample.stack.depth}, values, &block_size);
}

}  // namespace

Status WriteHeapProfile(const ProfileContext& context, Kind kind, ByteStream* stream) {
  const KindSpec& spec = SpecOf(kind);
  const int64_t time_ns = WallClock();
  const std::vector<hot::HeapSample> samples = Snapshot();
  const Mappings mappings = Mappings::OfThisProcess();
  ProfileEncoder encoder(stream, mappings);
  encoder.SampleTypes(spec.sample_types);
  for (const hot::HeapSample& sample : samples) Encode(sample, &encoder);

  const int64_t rate = hot::HeapRate();
  Circumstances circumstances;
  circumstances.rate = "heap sampling rate: " + std::to_string(rate) + " bytes";
  circumstances.unwinder = context.unwinder;
  circumstances.stack_depth = context.options->stack_depth;
  circumstances.drops = hot::ReadDrops();
  circumstances.truncated_samples = static_cast<uint64_t>(
      std::count_if(samples.begin(), samples.end(),
                    [](const hot::HeapSample& sample) { return sample.stack.truncated; }));
  ProfileHeader header;
  header.period_type = spec.period_type;
  header.period = rate;
  header.time_ns = time_ns;
  header.default_sample_type = spec.default_sample_type;
  header.comments = Comments(circumstances);
  return encoder.Finish(header);
}

}  // namespace pprofagent::service
