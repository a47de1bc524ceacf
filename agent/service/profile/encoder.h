// SPDX-License-Identifier: Apache-2.0
//
// Writes a profile.proto message (proto/profile.proto) piece by piece: each
// sample leaves for the stream as it comes, then mappings, locations and the
// string table follow. Held in memory are only what later parts refer to: one
// number for each distinct address and one for each distinct string, so that
// 20,000 stacks cost a few megabytes.
//
// The mark at the end of a stack becomes a frame without an address whose
// function has a name in brackets, so that what is missing is seen in every
// report.
//
//   ProfileEncoder encoder(&stream, mappings);
//   encoder.SampleTypes(...);
//   for (...) encoder.Sample(...);
//   Status status = encoder.Finish(header);
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/hot/snapshot.h"
#include "agent/service/profile/id_table.h"
#include "agent/service/profile/kinds.h"
#include "agent/service/profile/mappings.h"
#include "agent/service/profile/recording.h"
#include "agent/service/sink/byte_stream.h"

namespace pprofagent::service {

// What a profile says about itself.
struct ProfileHeader {
  ValueType period_type;
  int64_t period = 0;
  int64_t time_ns = 0;      // since the epoch
  int64_t duration_ns = 0;  // 0: it covers no interval
  std::string_view default_sample_type;
  std::vector<std::string> comments;
};

class ProfileEncoder {
 public:
  // `mappings` must outlive this.
  ProfileEncoder(ByteStream* stream, const Mappings& mappings);

  void SampleTypes(std::span<const ValueType> types);
  // A stack as hot::StackView has it; as many values as there are sample types.
  void Sample(std::span<const uintptr_t> words, std::span<const int64_t> values,
              std::span<const SampleLabel> labels = {});
  // Samples so far whose stack ends in this mark.
  uint64_t Marked(hot::FrameMark mark) const { return marked_[static_cast<size_t>(mark)]; }
  // Writes the rest. Tells the first failure of the stream, whenever it was.
  Status Finish(const ProfileHeader& header);

 private:
  int64_t StringIndex(std::string_view text);
  std::string ValueTypeMessage(const ValueType& type);
  void WriteMappings();
  void WriteLocations();
  void WriteFunctions();
  void WriteHeader(const ProfileHeader& header);
  void WriteStrings();
  void Emit(const std::string& encoded);

  ByteStream* stream_;
  const Mappings& mappings_;
  Status status_;
  std::map<std::string, int64_t, std::less<>> string_indices_;
  // In the order of their indices; points into string_indices_.
  std::vector<std::string_view> strings_;
  IdTable locations_;
  std::vector<uint64_t> sample_locations_;  // reused by Sample
  std::array<uint64_t, hot::kFrameMarks> marked_ = {};
};

}  // namespace pprofagent::service
