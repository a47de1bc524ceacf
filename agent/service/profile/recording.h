// SPDX-License-Identifier: Apache-2.0
//
// A profile between hot code and its forms: what was read from an engine, not
// yet protobuf or text. Every kind is read into one (a row of kinds.h says how),
// so that differences, protobuf and text are written once for all of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/hot/snapshot.h"
#include "agent/service/options/options.h"
#include "agent/service/sink/byte_stream.h"

namespace pprofagent::service {

struct KindSpec;

struct ProfileContext {
  const Options* options;
  std::string unwinder;
};

// Attached to a sample: a text, or a number with its unit.
struct SampleLabel {
  std::string_view key;
  std::string text;  // empty: a number
  int64_t number = 0;
  std::string_view unit = {};
};

// What the program had attached to the thread when the stack was taken, by key.
std::vector<SampleLabel> ProgramLabels(const hot::StackView& stack);

// How profiles call the frame that stands for the callers a stack lacks.
std::string_view NameOf(hot::FrameMark mark);

inline constexpr size_t kMaxSampleTypes = 4;

struct RecordedSample {
  hot::StackView stack;
  // Tells samples of one stack apart, the same in every reading of the process:
  // the address of the bucket, say. 0 where a stack has one sample only.
  uintptr_t identity = 0;
  // As many as the kind has sample types.
  std::array<int64_t, kMaxSampleTypes> values = {};
  // The kind's own; those of the program come with the stack.
  std::vector<SampleLabel> labels = {};
};

struct Recording {
  const KindSpec* kind = nullptr;
  std::vector<RecordedSample> samples = {};
  int64_t period = 0;
  int64_t time_ns = 0;      // since the epoch
  int64_t duration_ns = 0;  // 0: it covers no interval
  // For the comments: "heap sampling rate: 524288 bytes".
  std::string rate = {};
};

// What `now` has beyond `before`, two readings of one kind. Values may be
// negative (in use, threads); samples whose values did not change are left out.
Recording Since(const Recording& before, Recording now);

// Writes profile.proto, uncompressed.
Status WriteProto(const Recording& recording, const ProfileContext& context, ByteStream* stream);

}  // namespace pprofagent::service
