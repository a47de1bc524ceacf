// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/thread_profile.h"

#include <map>
#include <optional>
#include <string>

#include "agent/hot/snapshot.h"
#include "agent/service/base/clock.h"

namespace pprofagent::service {
namespace {

// Samples by stack, which is told by its place in memory.
struct Counts {
  Recording* recording;
  std::optional<int32_t> only_tid;
  std::map<const uintptr_t*, size_t> by_stack = {};
};

void CountThread(void* context, const hot::ThreadSample& thread) {
  auto& counts = *static_cast<Counts*>(context);
  if (counts.only_tid && thread.tid != *counts.only_tid) return;
  std::vector<RecordedSample>& samples = counts.recording->samples;
  const auto [known, is_new] = counts.by_stack.emplace(thread.stack.pcs, samples.size());
  if (is_new) samples.push_back({.stack = thread.stack});
  ++samples[known->second].values[0];
}

Recording RecordSome(const KindSpec& kind, std::optional<int32_t> only_tid) {
  Recording recording;
  recording.kind = &kind;
  recording.period = 1;
  recording.time_ns = WallClock();
  recording.rate = "threads: all, those that wait without a signal";
  Counts counts{&recording, only_tid};
  if (!hot::VisitThreads(hot::ThreadFacts::kStacks, CountThread, &counts)) {
    recording.rate = "threads: not all, /proc/self/task cannot be read";
  }
  if (only_tid) recording.rate += "; only thread " + std::to_string(*only_tid);
  return recording;
}

}  // namespace

Recording RecordThreads(const KindSpec& kind, const ProfileContext&) {
  return RecordSome(kind, std::nullopt);
}

Recording RecordThread(const KindSpec& kind, int32_t tid) { return RecordSome(kind, tid); }

}  // namespace pprofagent::service
