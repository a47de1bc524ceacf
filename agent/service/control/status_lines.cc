// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/status_lines.h"

#include <unistd.h>

#include <string_view>

#include "agent/hot/controls.h"
#include "agent/hot/snapshot.h"
#include "agent/service/base/clock.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/base/process.h"

namespace pprofagent::service {
namespace {

class Lines {
 public:
  void Add(std::string_view name, const std::string& value) {
    lines_.push_back(std::string(name) + ": " + value);
  }
  void Add(std::string_view name, uint64_t value) { Add(name, std::to_string(value)); }
  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

std::string CpuState(const Controller& controller) {
  std::string state;
  const auto add = [&state](std::string_view text) {
    if (!state.empty()) state += ", ";
    state += text;
  };
  if (controller.cpu().IsRunning(CpuSessions::kWholeProcess)) add("from start to exit");
  if (controller.cpu().IsRunning(CpuSessions::kOnRequest)) add("on request");
  if (controller.cpu().IsRunning(CpuSessions::kForClient)) add("for a client");
  return state.empty() ? "not running" : state;
}

// Seconds with three digits behind the point.
std::string Seconds(int64_t nanoseconds) {
  constexpr int64_t kMillisecondNs = 1'000'000;
  const int64_t milliseconds = nanoseconds / kMillisecondNs;
  const std::string rest = std::to_string(milliseconds % 1000);
  return std::to_string(milliseconds / 1000) + "." + std::string(3 - rest.size(), '0') + rest +
         " s";
}

}  // namespace

std::vector<std::string> StatusLines(const Controller& controller) {
  const hot::Drops drops = hot::ReadDrops();
  const hot::MemoryUse memory = hot::ReadMemoryUse();
  Lines lines;
  lines.Add("version", PPROFAGENT_VERSION);
  lines.Add("pid", static_cast<uint64_t>(getpid()));
  lines.Add("command", CommandLine());
  lines.Add("uptime", Seconds(WallClock() - controller.origin().load_wall_ns));
  lines.Add("heap rate", static_cast<uint64_t>(hot::HeapRate()));
  lines.Add("mutex fraction", static_cast<uint64_t>(hot::MutexFraction()));
  lines.Add("block rate", static_cast<uint64_t>(hot::BlockRate()));
  lines.Add("cpu rate", static_cast<uint64_t>(controller.options().cpu_rate));
  lines.Add("cpu profile", CpuState(controller));
  lines.Add("unwinder", controller.unwinder());
  const ProfileContext context = controller.Context();
  for (const KindSpec& kind : KindTable()) {
    if (kind.record == nullptr) continue;
    lines.Add("stacks of " + std::string(kind.name), controller.Read(kind).samples.size());
  }
  if (!MayOpenDescriptors()) {
    lines.Add("cannot write or listen", std::string(kNoDescriptors));
  }
  lines.Add("failed dumps", controller.dumper().failures());
  lines.Add("dropped, stack table full", drops.stack_table_full);
  lines.Add("dropped, threads not made by libc", drops.foreign_threads);
  lines.Add("dropped, table of live blocks full", drops.live_map_full);
  lines.Add("dropped, no memory for a thread's record", drops.no_thread_record);
  lines.Add("dropped, signal arrived while one was recorded", drops.reentrant);
  lines.Add("dropped, threads without a CPU timer", drops.no_timer);
  lines.Add("labels that could not be attached", drops.label_sets_full);
  lines.Add("memory of stacks", memory.stacks);
  lines.Add("memory of the table of live blocks", memory.live_map);
  lines.Add("memory of threads' records", memory.threads);
  lines.Add("memory of the unwinder", memory.modules);
  lines.Add("memory of labels", memory.labels);
  return lines.Take();
}

}  // namespace pprofagent::service
