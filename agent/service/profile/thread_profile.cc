// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/thread_profile.h"

#include <map>

#include "agent/hot/snapshot.h"
#include "agent/service/base/clock.h"

namespace pprofagent::service {
namespace {

// Samples by stack, which is told by its place in memory.
struct Counts {
  Recording* recording;
  std::map<const uintptr_t*, size_t> by_stack = {};
};

void CountThread(void* context, const hot::ThreadSample& thread) {
  auto& counts = *static_cast<Counts*>(context);
  std::vector<RecordedSample>& samples = counts.recording->samples;
  const auto [known, is_new] = counts.by_stack.emplace(thread.stack.pcs, samples.size());
  if (is_new) samples.push_back({.stack = thread.stack});
  ++samples[known->second].values[0];
}

}  // namespace

Recording RecordThreads(const KindSpec& kind, const ProfileContext&) {
  Recording recording;
  recording.kind = &kind;
  recording.period = 1;
  recording.time_ns = WallClock();
  recording.rate = "threads: all, those that wait without a signal";
  Counts counts{&recording};
  if (!hot::VisitThreads(hot::ThreadFacts::kStacks, CountThread, &counts)) {
    recording.rate = "threads: not all, /proc/self/task cannot be read";
  }
  return recording;
}

}  // namespace pprofagent::service
