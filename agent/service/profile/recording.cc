// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/recording.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "agent/service/profile/comments.h"
#include "agent/service/profile/encoder.h"
#include "agent/service/profile/kinds.h"

namespace pprofagent::service {
namespace {

auto Key(const RecordedSample& sample) {
  return std::tuple(reinterpret_cast<uintptr_t>(sample.stack.pcs), sample.identity);
}

bool HasValue(const RecordedSample& sample) {
  return std::any_of(sample.values.begin(), sample.values.end(),
                     [](int64_t value) { return value != 0; });
}

// Samples of one key become one, with the labels of the first.
std::vector<RecordedSample> Summed(std::vector<RecordedSample> samples) {
  std::stable_sort(
      samples.begin(), samples.end(),
      [](const RecordedSample& a, const RecordedSample& b) { return Key(a) < Key(b); });
  std::vector<RecordedSample> sums;
  for (RecordedSample& sample : samples) {
    if (sums.empty() || Key(sums.back()) != Key(sample)) {
      sums.push_back(std::move(sample));
      continue;
    }
    for (size_t i = 0; i < kMaxSampleTypes; ++i) sums.back().values[i] += sample.values[i];
  }
  return sums;
}

// What a profile of this kind may lack: what only the lock profiles lack is not
// said of the others.
hot::Drops DropsOf(Kind kind) {
  hot::Drops drops = hot::ReadDrops();
  if (kind != Kind::kContention) drops.contention_pairs = 0;
  if (kind != Kind::kContention && kind != Kind::kMutex) drops.lock_waits = 0;
  return drops;
}

std::vector<SampleLabel> AllLabels(const RecordedSample& sample) {
  std::vector<SampleLabel> labels = sample.labels;
  for (SampleLabel& label : ProgramLabels(sample.stack)) labels.push_back(std::move(label));
  return labels;
}

}  // namespace

std::vector<SampleLabel> ProgramLabels(const hot::StackView& stack) {
  std::vector<SampleLabel> labels;
  const hot::LabelsView set = hot::LabelsOf(stack.labels);
  for (uint32_t i = 0; i < set.count; ++i) {
    labels.push_back({.key = set.labels[i].key, .text = set.labels[i].value});
  }
  return labels;
}

std::string_view NameOf(hot::FrameMark mark) {
  switch (mark) {
    case hot::FrameMark::kTruncated:
      return "[truncated]";
    case hot::FrameMark::kNoRule:
      return "[no unwind information]";
    case hot::FrameMark::kBrokenStack:
      break;
  }
  return "[broken stack]";
}

Recording Since(const Recording& before, Recording now) {
  now.duration_ns = now.time_ns - before.time_ns;
  for (const RecordedSample& sample : before.samples) {
    RecordedSample& taken = now.samples.emplace_back(sample);
    for (int64_t& value : taken.values) value = -value;
  }
  now.samples = Summed(std::move(now.samples));
  std::erase_if(now.samples, [](const RecordedSample& sample) { return !HasValue(sample); });
  return now;
}

Status WriteProto(const Recording& recording, const ProfileContext& context, ByteStream* stream) {
  const KindSpec& kind = *recording.kind;
  const Mappings mappings = Mappings::OfThisProcess();
  ProfileEncoder encoder(stream, mappings);
  encoder.SampleTypes(kind.sample_types);
  uint64_t truncated = 0;
  std::vector<SampleLabel> all_labels;
  for (const RecordedSample& sample : recording.samples) {
    encoder.Sample({sample.stack.pcs, sample.stack.depth},
                   std::span(sample.values).first(kind.sample_types.size()),
                   sample.stack.labels != 0 ? (all_labels = AllLabels(sample)) : sample.labels);
    truncated += sample.stack.truncated ? 1 : 0;
  }
  Circumstances circumstances;
  circumstances.rate = recording.rate;
  circumstances.unwinder = context.unwinder;
  circumstances.stack_depth = context.options->stack_depth;
  circumstances.drops = DropsOf(kind.kind);
  circumstances.truncated_samples = truncated;
  circumstances.no_rule_samples = encoder.Marked(hot::FrameMark::kNoRule);
  circumstances.broken_samples = encoder.Marked(hot::FrameMark::kBrokenStack);
  ProfileHeader header;
  header.period_type = kind.period_type;
  header.period = recording.period;
  header.time_ns = recording.time_ns;
  header.duration_ns = recording.duration_ns;
  header.default_sample_type = kind.default_sample_type;
  header.comments = Comments(circumstances);
  return encoder.Finish(header);
}

}  // namespace pprofagent::service
