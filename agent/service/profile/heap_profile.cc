// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/heap_profile.h"

#include "agent/hot/controls.h"
#include "agent/hot/snapshot.h"
#include "agent/service/base/clock.h"

namespace pprofagent::service {
namespace {

void Add(void* recording, const hot::HeapSample& sample) {
  const bool is_empty = sample.alloc_objects == 0 && sample.alloc_bytes == 0 &&
                        sample.inuse_objects == 0 && sample.inuse_bytes == 0;
  if (is_empty) return;
  static_cast<Recording*>(recording)->samples.push_back(
      {.stack = sample.stack,
       .identity = sample.identity,
       .values = {sample.alloc_objects, sample.alloc_bytes, sample.inuse_objects,
                  sample.inuse_bytes},
       .labels = {{.key = "bytes", .text = {}, .number = sample.block_bytes, .unit = "bytes"}}});
}

}  // namespace

Recording RecordHeap(const KindSpec& kind, const ProfileContext&) {
  Recording recording;
  recording.kind = &kind;
  recording.period = hot::HeapRate();
  recording.time_ns = WallClock();
  recording.rate = "heap sampling rate: " + std::to_string(recording.period) + " bytes";
  hot::VisitHeap(Add, &recording);
  return recording;
}

}  // namespace pprofagent::service
