// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/wall_profile.h"

#include <algorithm>

#include "agent/service/base/clock.h"
#include "agent/service/profile/kinds.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// After a look, so many times as long without one.
constexpr int64_t kRest = 9;

// xorshift64: good enough for moments that must not keep step with the program.
uint64_t NextRandom(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

}  // namespace

WallProfile::WallProfile(int rate_hz, std::optional<int32_t> only_tid)
    : rate_hz_(rate_hz),
      only_tid_(only_tid),
      begin_wall_ns_(WallClock()),
      begin_ns_(MonotonicClock()),
      last_ns_(begin_ns_),
      random_(static_cast<uint64_t>(begin_wall_ns_) | 1) {
  next_ns_ = begin_ns_ + static_cast<int64_t>(NextRandom(&random_) %
                                              static_cast<uint64_t>(kSecondNs / rate_hz_));
}

void WallProfile::Add(void* profile, const hot::ThreadSample& thread) {
  auto& wall = *static_cast<WallProfile*>(profile);
  if (wall.only_tid_ && thread.tid != *wall.only_tid_) return;
  const bool runs = thread.state == hot::ThreadActivity::kRunning;
  Time& time = wall.times_[{thread.stack.pcs, runs}];
  time.stack = thread.stack;
  ++time.count;
  time.nanoseconds += wall.elapsed_ns_;
}

void WallProfile::Look() {
  const int64_t now_ns = MonotonicClock();
  elapsed_ns_ = now_ns - std::exchange(last_ns_, now_ns);
  ++looks_;
  if (!hot::VisitThreads(hot::ThreadFacts::kStacks, Add, this)) is_complete_ = false;
  const int64_t end_ns = MonotonicClock();
  // From half a period to one and a half.
  const int64_t period_ns = kSecondNs / rate_hz_;
  const auto jitter_ns =
      static_cast<int64_t>(NextRandom(&random_) % static_cast<uint64_t>(period_ns));
  next_ns_ = std::max(now_ns + period_ns / 2 + jitter_ns, end_ns + kRest * (end_ns - now_ns));
}

Recording WallProfile::Finish() {
  Look();
  Recording recording;
  recording.kind = &SpecOf(Kind::kWall);
  recording.period = kSecondNs / rate_hz_;
  recording.time_ns = begin_wall_ns_;
  recording.duration_ns = last_ns_ - begin_ns_;
  const int64_t expected = recording.duration_ns / recording.period;
  recording.rate = "wall clock sampling rate: " + std::to_string(rate_hz_) +
                   " Hz of each thread, " + std::to_string(looks_) + " looks at all of them";
  if (looks_ < expected * 3 / 4) {
    recording.rate += " (fewer than asked for: a look may take a tenth of the time at most)";
  }
  if (!is_complete_) recording.rate += "; not all threads, /proc/self/task cannot be read";
  if (only_tid_) recording.rate += "; only thread " + std::to_string(*only_tid_);
  for (const auto& [key, time] : times_) {
    RecordedSample& sample = recording.samples.emplace_back();
    sample.stack = time.stack;
    sample.identity = key.second ? 1 : 0;
    sample.values = {time.count, time.nanoseconds};
    sample.labels = {{.key = "state", .text = key.second ? "running" : "waiting"}};
  }
  return recording;
}

}  // namespace pprofagent::service
