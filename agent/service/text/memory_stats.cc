// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/memory_stats.h"

#include <stdlib.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/hot/snapshot.h"
#include "agent/service/base/allocator.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/base/directory.h"
#include "agent/service/base/process.h"

namespace pprofagent::service {
namespace {

constexpr int kPauses = 256;

// "VmRSS:     1234 kB" of /proc/self/status, in bytes; a plain number as it is.
int64_t Field(std::string_view text, std::string_view name) {
  const size_t line = text.find("\n" + std::string(name) + ":");
  if (line == std::string_view::npos) return 0;
  text.remove_prefix(line + name.size() + 2);
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return 0;
  constexpr int64_t kKibi = 1024;
  const std::string_view rest(end, text.data() + text.size());
  return rest.starts_with(" kB") ? value * kKibi : value;
}

class Lines {
 public:
  void Add(std::string_view name, const std::string& value) {
    text_ += "# ";
    text_ += name;
    text_ += " = " + value + "\n";
  }
  void Add(std::string_view name, uint64_t value) { Add(name, std::to_string(value)); }
  void Add(std::string_view name, uint64_t in_use, uint64_t sys) {
    Add(name, std::to_string(in_use) + " / " + std::to_string(sys));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_ =
      "# native.MemStats\n"
      "# (TotalAlloc, Mallocs, Frees and HeapObjects are estimated from heap samples; Stack is the "
      "resident part of the stacks that are known; what is about a garbage collector is 0)\n";
};

std::string Zeros() {
  std::string zeros = "[";
  for (int i = 0; i < kPauses; ++i) zeros += i == 0 ? "0" : " 0";
  return zeros + "]";
}

// The totals that the heap engine's samples add up to.
struct Estimate {
  uint64_t alloc_objects = 0;
  uint64_t alloc_bytes = 0;
  uint64_t inuse_objects = 0;
};

Estimate HeapEstimate() {
  Estimate sum;
  hot::VisitHeap(
      [](void* context, const hot::HeapSample& sample) {
        auto& total = *static_cast<Estimate*>(context);
        total.alloc_objects += static_cast<uint64_t>(sample.alloc_objects);
        total.alloc_bytes += static_cast<uint64_t>(sample.alloc_bytes);
        total.inuse_objects += static_cast<uint64_t>(sample.inuse_objects);
      },
      &sum);
  return sum;
}

uint64_t ToUnsigned(int64_t value) { return static_cast<uint64_t>(std::max<int64_t>(value, 0)); }

}  // namespace

std::string MemoryStats() {
  std::string status;
  ReadFile(ProcSelf("status"), &status);
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const std::optional<struct mallinfo2> answer = ReadMallinfo();
  const auto heap = answer.value_or(decltype(answer)::value_type());
  const Estimate estimate = HeapEstimate();
  const hot::MemoryUse agent = hot::ReadMemoryUse();
  const uint64_t live = heap.uordblks + heap.hblkhd;
  const uint64_t heap_sys = heap.arena + heap.hblkhd;
  const uint64_t stack_resident = hot::ReadStackBytes();
  const uint64_t stack = std::max(stack_resident, ToUnsigned(Field(status, "VmStk")));
  const uint64_t other = agent.live_map + agent.threads + agent.modules + agent.labels;
  Lines lines;
  lines.Add("Alloc", live);
  lines.Add("TotalAlloc", estimate.alloc_bytes);
  lines.Add("Sys", heap_sys + stack + agent.stacks + other);
  lines.Add("Lookups", 0);
  lines.Add("Mallocs", estimate.alloc_objects);
  lines.Add("Frees", estimate.alloc_objects - estimate.inuse_objects);
  lines.Add("HeapAlloc", live);
  lines.Add("HeapSys", heap_sys);
  lines.Add("HeapIdle", heap.fordblks);
  lines.Add("HeapInuse", live);
  lines.Add("HeapReleased", 0);
  lines.Add("HeapObjects", estimate.inuse_objects);
  lines.Add("Stack", stack_resident, stack);
  lines.Add("MSpan", 0, 0);
  lines.Add("MCache", 0, 0);
  lines.Add("BuckHashSys", agent.stacks);
  lines.Add("GCSys", 0);
  lines.Add("OtherSys", other);
  lines.Add("NextGC", 0);
  lines.Add("LastGC", 0);
  lines.Add("PauseNs", Zeros());
  lines.Add("PauseEnd", Zeros());
  lines.Add("NumGC", 0);
  lines.Add("NumForcedGC", 0);
  lines.Add("GCCPUFraction", 0);
  lines.Add("DebugGC", "false");
  // Not ru_maxrss: that begins with the size of whatever process executed this one.
  lines.Add("MaxRSS", ToUnsigned(Field(status, "VmHWM")));
  lines.Add("RSS", ToUnsigned(Field(status, "VmRSS")));
  lines.Add("Anon", ToUnsigned(Field(status, "RssAnon")));
  lines.Add("File", ToUnsigned(Field(status, "RssFile")));
  lines.Add("Swap", ToUnsigned(Field(status, "VmSwap")));
  lines.Add("VmSize", ToUnsigned(Field(status, "VmSize")));
  lines.Add("MinFlt", ToUnsigned(usage.ru_minflt));
  lines.Add("MajFlt", ToUnsigned(usage.ru_majflt));
  lines.Add("FastBins", heap.fsmblks);
  lines.Add("KeepCost", heap.keepcost);
  lines.Add("MmapChunks", heap.hblks);
  lines.Add("Threads", ToUnsigned(Field(status, "Threads")));
  lines.Add("Allocator", std::string(AllocatorName()));
  if (!answer) {
    return lines.text() +
           "# The allocator does not answer: a thread may hang with its locks held. What it would "
           "say is 0 here.\n";
  }
  return lines.text();
}

}  // namespace pprofagent::service
