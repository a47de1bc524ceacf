// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/memory_cycle_line.h"

#include <algorithm>

namespace pprofagent::service {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

template <typename Bytes>
std::string Mebibytes(Bytes bytes) {
  constexpr Bytes kMebi = Bytes{1} << 20;
  return std::to_string((bytes + kMebi / 2) / kMebi);
}

// `value` / 10^digits with so many digits behind the point.
std::string Fixed(int64_t value, int digits) {
  std::string text = std::to_string(value);
  const auto places = static_cast<size_t>(digits);
  if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
  return text.insert(text.size() - places, ".");
}

// In tenths of a mebibyte a second.
int64_t Speed(const hot::MemoryCycle& cycle) {
  const int64_t took_ns = std::max<int64_t>(cycle.end_ns - cycle.begin_ns, 1);
  const double bytes_per_second = static_cast<double>(cycle.allocated_bytes) *
                                  static_cast<double>(kSecondNs) / static_cast<double>(took_ns);
  return static_cast<int64_t>(bytes_per_second * 10 / (1 << 20));
}

}  // namespace

std::string MemoryCycleLine(const hot::MemoryCycle& cycle,
                            const MemoryCircumstances& circumstances) {
  const int64_t since_start_ns = std::max<int64_t>(circumstances.since_start_ns, 1);
  // A process that has just begun may have had a thread of ours for longer.
  const int64_t agent_percent =
      std::min<int64_t>(circumstances.agent_cpu_ns * 100 / since_start_ns, 100);
  return "mem " + std::to_string(cycle.number) + " @" + Fixed(since_start_ns / 1'000'000, 3) +
         "s " + std::to_string(agent_percent) + "%: +" + std::to_string(cycle.allocated_objects) +
         "-" + std::to_string(cycle.freed_objects) + " objs, " + Mebibytes(cycle.live_before) +
         "->" + Mebibytes(cycle.live_peak) + "->" + Mebibytes(cycle.live_after) + " MB, " +
         Mebibytes(cycle.goal_bytes) + " MB goal, " + Mebibytes(circumstances.resident_bytes) +
         " MB rss, " + Mebibytes(circumstances.stack_bytes) + " MB stacks, " +
         Mebibytes(cycle.allocated_bytes) + " MB alloc, " + Fixed(Speed(cycle), 1) + " MB/s, " +
         std::to_string(circumstances.processors) + " P" + (cycle.forced ? " (forced)" : "") + "\n";
}

}  // namespace pprofagent::service
