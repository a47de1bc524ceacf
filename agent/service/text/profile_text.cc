// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/profile_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <unordered_set>
#include <utility>

#include "agent/service/profile/kinds.h"
#include "agent/service/text/quoted.h"

namespace pprofagent::service {
namespace {

constexpr size_t kPieceBytes = size_t{64} << 10;

std::string Hex(uint64_t value) {
  char digits[2 + 16] = {'0', 'x'};
  const auto result = std::to_chars(digits + 2, digits + sizeof(digits), value, 16);
  return std::string(digits, result.ptr);
}

std::string Number(int64_t value) { return std::to_string(value); }

Symbols SymbolsOf(const Recording& recording, const Mappings& mappings) {
  std::vector<uint64_t> addresses;
  std::unordered_set<uintptr_t> seen;                // stacks have most of their frames in common
  std::unordered_set<const uintptr_t*> seen_stacks;  // labels divide the samples of a stack
  for (const RecordedSample& sample : recording.samples) {
    if (!seen_stacks.insert(sample.stack.pcs).second) continue;
    for (uint32_t i = 0; i < sample.stack.depth; ++i) {
      if (seen.insert(sample.stack.pcs[i]).second) addresses.push_back(sample.stack.pcs[i]);
    }
  }
  return Symbols::Of(std::move(addresses), mappings);
}

using Values = std::array<int64_t, kMaxSampleTypes>;

Values Totals(const Recording& recording) {
  Values sum = {};
  for (const RecordedSample& sample : recording.samples) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += sample.values[i];
  }
  return sum;
}

// --- Forms --------------------------------------------------------------------

std::string HeapRow(int64_t inuse_objects, int64_t inuse_bytes, int64_t alloc_objects,
                    int64_t alloc_bytes) {
  return Number(inuse_objects) + ": " + Number(inuse_bytes) + " [" + Number(alloc_objects) + ": " +
         Number(alloc_bytes) + "] @";
}

std::string HeapNumbers(const Values& values) {
  const auto& [alloc_objects, alloc_bytes, inuse_objects, inuse_bytes] = values;
  return HeapRow(inuse_objects, inuse_bytes, alloc_objects, alloc_bytes);
}

// The numbers are estimates of the true totals already, so the rate in the
// header is 1: with the true one, readers would scale them once more.
std::string HeapHeader(const Recording& recording, const std::string& /*name*/) {
  Values sum = Totals(recording);
  auto& [alloc_objects, alloc_bytes, inuse_objects, inuse_bytes] = sum;
  // Readers take a header whose totals are equal for a profile without them.
  if (inuse_bytes == alloc_bytes && inuse_objects == alloc_objects) ++alloc_bytes;
  return "heap profile: " + HeapNumbers(sum) + " heap_v2/1\n# " + recording.rate +
         "; the numbers are estimates of the true totals\n";
}

std::string GrowthNumbers(const Values& values) {
  return HeapRow(values[0], values[1], values[0], values[1]);
}

// The form that gperftools has for it.
std::string GrowthHeader(const Recording& recording, const std::string& /*name*/) {
  return "heap profile: " + GrowthNumbers(Totals(recording)) + " growthz\n# " + recording.rate +
         "\n";
}

std::string ContentionNumbers(const Values& values) {
  return Number(values[1]) + " " + Number(values[0]) + " @";
}

std::string ContentionHeader(const Recording& /*recording*/, const std::string& /*name*/) {
  return "--- contention:\ncycles/second=1000000000\n";
}

// Says by a period of 1 that its numbers are whole already.
std::string MutexHeader(const Recording& /*recording*/, const std::string& /*name*/) {
  return "--- mutex:\ncycles/second=1000000000\nsampling period=1\n";
}

std::string CountNumbers(const Values& values) { return Number(values[0]) + " @"; }

std::string CountHeader(const Recording& recording, const std::string& name) {
  return name + " profile: total " + Number(Totals(recording)[0]) + "\n";
}

struct Form {
  std::string (*header)(const Recording& recording, const std::string& name);
  std::string (*numbers)(const Values& values);
  size_t ordered_by;  // which of the values
  // Heap rows say the sizes of blocks by their numbers.
  bool shows_kinds_labels;
};

const Form* FormOf(TextForm form) {
  static constexpr Form kHeap = {HeapHeader, HeapNumbers, 3, false};
  static constexpr Form kGrowth = {GrowthHeader, GrowthNumbers, 1, true};
  static constexpr Form kContention = {ContentionHeader, ContentionNumbers, 1, true};
  static constexpr Form kMutex = {MutexHeader, ContentionNumbers, 1, true};
  static constexpr Form kCount = {CountHeader, CountNumbers, 0, true};
  switch (form) {
    case TextForm::kHeap:
      return &kHeap;
    case TextForm::kGrowth:
      return &kGrowth;
    case TextForm::kContention:
      return &kContention;
    case TextForm::kMutex:
      return &kMutex;
    case TextForm::kCount:
      return &kCount;
    case TextForm::kThreads:  // thread_text.h
    case TextForm::kNone:
      break;
  }
  return nullptr;
}

// Largest of a value first; the order of equals is that of their stacks' places
// in memory, so that two texts can be compared.
std::vector<const RecordedSample*> Ordered(const Recording& recording, size_t by) {
  std::vector<const RecordedSample*> samples;
  samples.reserve(recording.samples.size());
  for (const RecordedSample& sample : recording.samples) samples.push_back(&sample);
  std::sort(samples.begin(), samples.end(), [by](const RecordedSample* a, const RecordedSample* b) {
    if (a->values[by] != b->values[by]) return a->values[by] > b->values[by];
    return std::less<>()(a->stack.pcs, b->stack.pcs);
  });
  return samples;
}

// # labels: {"req":"7", "user":"alice"}
std::string LabelsLine(std::vector<SampleLabel> labels, const hot::StackView& stack) {
  for (SampleLabel& label : ProgramLabels(stack)) labels.push_back(std::move(label));
  return labels.empty() ? std::string() : "# labels: " + InBraces(labels) + "\n";
}

}  // namespace

// Of the two headings there are, the one that ends every format.
std::string MemoryMapText(const Mappings& mappings) {
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

ProfileText::ProfileText(Recording recording, TextOptions options)
    : recording_(std::move(recording)),
      options_(std::move(options)),
      mappings_(Mappings::OfThisProcess()),
      symbols_(SymbolsOf(recording_, mappings_)),
      frames_(symbols_) {
  if (const Form* form = FormOf(recording_.kind->text_form)) {
    order_ = Ordered(recording_, form->ordered_by);
  }
}

void ProfileText::AppendSample(const RecordedSample& sample, std::string* text) {
  const Form& form = *FormOf(recording_.kind->text_form);
  *text += form.numbers(sample.values);
  AppendAddresses(sample.stack, text);
  *text += "\n";
  *text += LabelsLine(form.shows_kinds_labels ? sample.labels : std::vector<SampleLabel>(),
                      sample.stack);
  frames_.Append(sample.stack, text);
  *text += "\n";
}

std::string ProfileText::Trailer() const {
  const bool is_heap = recording_.kind->text_form == TextForm::kHeap;
  return (is_heap ? "\n" + options_.memory_stats : std::string()) + MemoryMapText(mappings_);
}

size_t ProfileText::held_bytes() const {
  constexpr size_t kNames = 100;
  return recording_.samples.size() * (sizeof(RecordedSample) + sizeof(void*)) +
         symbols_.size() * (sizeof(Symbol) + kNames);
}

bool ProfileText::Next(std::string* bytes) {
  const Form* form = FormOf(recording_.kind->text_form);
  const size_t trailer = order_.size() + 1;
  if (form == nullptr || next_part_ > trailer) return false;
  const size_t enough = bytes->size() + kPieceBytes;
  for (; next_part_ <= trailer && bytes->size() < enough; ++next_part_) {
    if (next_part_ == 0) {
      *bytes += form->header(recording_, options_.name);
    } else if (next_part_ < trailer) {
      AppendSample(*order_[next_part_ - 1], bytes);
    } else {
      *bytes += Trailer();
    }
  }
  return true;
}

}  // namespace pprofagent::service
