// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/profile_text.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <unordered_set>
#include <vector>

#include "agent/service/profile/kinds.h"
#include "agent/service/symbol/symbols.h"
#include "agent/service/text/frame_lines.h"
#include "agent/service/text/quoted.h"

namespace pprofagent::service {
namespace {

std::string Hex(uint64_t value) {
  char digits[2 + 16] = {'0', 'x'};
  const auto result = std::to_chars(digits + 2, digits + sizeof(digits), value, 16);
  return std::string(digits, result.ptr);
}

std::string Number(int64_t value) { return std::to_string(value); }

Symbols SymbolsOf(const Recording& recording, const Mappings& mappings) {
  std::vector<uint64_t> addresses;
  std::unordered_set<const uintptr_t*> seen;  // labels divide the samples of a stack
  for (const RecordedSample& sample : recording.samples) {
    if (!seen.insert(sample.stack.pcs).second) continue;
    addresses.insert(addresses.end(), sample.stack.pcs, sample.stack.pcs + sample.stack.depth);
  }
  return Symbols::Of(std::move(addresses), mappings);
}

// The kernel's list, by which pprof finds the binaries, with their build IDs.
// Of the two headings there are, the one that ends every format.
std::string MemoryMap(const Mappings& mappings) {
  std::string text = "--- Memory map: ---\n";
  for (const Mapping& mapping : mappings.all()) {
    if (mapping.gone) continue;  // the list says where what is
    text += Hex(mapping.start) + "-" + Hex(mapping.limit) + " r-xp " + mapping.file + " (@" +
            Hex(mapping.offset).substr(2) + ")";
    if (!mapping.build_id.empty()) text += " " + mapping.build_id;
    text += "\n";
  }
  return text;
}

using Samples = std::vector<const RecordedSample*>;

// # labels: {"req":"7", "user":"alice"}
std::string LabelsLine(std::vector<SampleLabel> labels, const hot::StackView& stack) {
  for (SampleLabel& label : ProgramLabels(stack)) labels.push_back(std::move(label));
  return labels.empty() ? std::string() : "# labels: " + InBraces(labels) + "\n";
}

// What follows a sample's numbers. Texts are long; appended to, not put together.
void AppendSample(const hot::StackView& stack, const std::vector<SampleLabel>& labels,
                  FrameLines* frames, std::string* text) {
  AppendAddresses(stack, text);
  *text += "\n";
  *text += LabelsLine(labels, stack);
  frames->Append(stack, text);
  *text += "\n";
}

// Largest of a value first; the order of equals is that of their stacks' places
// in memory, so that two texts can be compared.
Samples Ordered(const Recording& recording, size_t by) {
  Samples samples;
  for (const RecordedSample& sample : recording.samples) samples.push_back(&sample);
  std::sort(samples.begin(), samples.end(), [by](const RecordedSample* a, const RecordedSample* b) {
    if (a->values[by] != b->values[by]) return a->values[by] > b->values[by];
    return std::less<>()(a->stack.pcs, b->stack.pcs);
  });
  return samples;
}

constexpr size_t kAllocObjects = 0;
constexpr size_t kAllocBytes = 1;
constexpr size_t kInuseObjects = 2;
constexpr size_t kInuseBytes = 3;

std::string HeapRow(int64_t inuse_objects, int64_t inuse_bytes, int64_t alloc_objects,
                    int64_t alloc_bytes) {
  return Number(inuse_objects) + ": " + Number(inuse_bytes) + " [" + Number(alloc_objects) + ": " +
         Number(alloc_bytes) + "] @";
}

// The numbers are estimates of the true totals already, so the rate in the
// header is 1: with the true one, readers would scale them once more.
std::string HeapText(const Recording& recording, const std::string& memory_stats) {
  std::array<int64_t, kMaxSampleTypes> sum = {};
  for (const RecordedSample& sample : recording.samples) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += sample.values[i];
  }
  // Readers take a header whose totals are equal for a profile without them.
  if (sum[kInuseBytes] == sum[kAllocBytes] && sum[kInuseObjects] == sum[kAllocObjects]) {
    ++sum[kAllocBytes];
  }
  const Mappings mappings = Mappings::OfThisProcess();
  const Symbols symbols = SymbolsOf(recording, mappings);
  std::string text =
      "heap profile: " +
      HeapRow(sum[kInuseObjects], sum[kInuseBytes], sum[kAllocObjects], sum[kAllocBytes]) +
      " heap_v2/1\n# " + recording.rate + "; the numbers are estimates of the true totals\n";
  FrameLines frames(symbols);
  for (const RecordedSample* sample : Ordered(recording, kInuseBytes)) {
    const auto& values = sample->values;
    text += HeapRow(values[kInuseObjects], values[kInuseBytes], values[kAllocObjects],
                    values[kAllocBytes]);
    AppendSample(sample->stack, {}, &frames, &text);
  }
  text += "\n";
  text += memory_stats;
  text += MemoryMap(mappings);
  return text;
}

// The form that gperftools has for it.
std::string GrowthText(const Recording& recording) {
  constexpr size_t kTimes = 0;
  constexpr size_t kBytes = 1;
  int64_t times = 0;
  int64_t bytes = 0;
  for (const RecordedSample& sample : recording.samples) {
    times += sample.values[kTimes];
    bytes += sample.values[kBytes];
  }
  const Mappings mappings = Mappings::OfThisProcess();
  const Symbols symbols = SymbolsOf(recording, mappings);
  std::string text = "heap profile: " + HeapRow(times, bytes, times, bytes) + " growthz\n# " +
                     recording.rate + "\n";
  FrameLines frames(symbols);
  for (const RecordedSample* sample : Ordered(recording, kBytes)) {
    const auto& values = sample->values;
    text += HeapRow(values[kTimes], values[kBytes], values[kTimes], values[kBytes]);
    AppendSample(sample->stack, sample->labels, &frames, &text);
  }
  text += MemoryMap(mappings);
  return text;
}

// "mutex" says that its numbers are whole already by a period of 1.
std::string ContentionText(const Recording& recording, bool is_mutex) {
  constexpr size_t kCount = 0;
  constexpr size_t kDelay = 1;
  const Mappings mappings = Mappings::OfThisProcess();
  const Symbols symbols = SymbolsOf(recording, mappings);
  std::string text = is_mutex ? "--- mutex:\n" : "--- contention:\n";
  text += "cycles/second=1000000000\n";
  if (is_mutex) text += "sampling period=1\n";
  FrameLines frames(symbols);
  for (const RecordedSample* sample : Ordered(recording, kDelay)) {
    text += Number(sample->values[kDelay]) + " " + Number(sample->values[kCount]) + " @";
    AppendSample(sample->stack, sample->labels, &frames, &text);
  }
  text += MemoryMap(mappings);
  return text;
}

std::string CountText(const Recording& recording, std::string_view name) {
  int64_t total = 0;
  for (const RecordedSample& sample : recording.samples) total += sample.values[0];
  const Mappings mappings = Mappings::OfThisProcess();
  const Symbols symbols = SymbolsOf(recording, mappings);
  std::string text = std::string(name) + " profile: total " + Number(total) + "\n";
  FrameLines frames(symbols);
  for (const RecordedSample* sample : Ordered(recording, 0)) {
    text += Number(sample->values[0]) + " @";
    AppendSample(sample->stack, sample->labels, &frames, &text);
  }
  text += MemoryMap(mappings);
  return text;
}

}  // namespace

std::string MemoryMapText(const Mappings& mappings) { return MemoryMap(mappings); }

std::string ProfileText(const Recording& recording, const TextOptions& options) {
  switch (recording.kind->text_form) {
    case TextForm::kHeap:
      return HeapText(recording, options.memory_stats);
    case TextForm::kGrowth:
      return GrowthText(recording);
    case TextForm::kContention:
      return ContentionText(recording, false);
    case TextForm::kMutex:
      return ContentionText(recording, true);
    case TextForm::kCount:
      return CountText(recording, options.name);
    case TextForm::kThreads:  // thread_text.h
    case TextForm::kNone:
      break;
  }
  return std::string();
}

}  // namespace pprofagent::service
