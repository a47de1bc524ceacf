// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/encoder.h"

#include <protozero/pbf_writer.hpp>

#include "agent/service/profile/proto_fields.h"

namespace pprofagent::service {

using protozero::pbf_writer;

namespace {

// The ids of functions: marks are all the functions there are.
uint64_t FunctionOf(hot::FrameMark mark) { return static_cast<uint64_t>(mark) + 1; }

}  // namespace

ProfileEncoder::ProfileEncoder(ByteStream* stream, const Mappings& mappings)
    : stream_(stream), mappings_(mappings) {
  StringIndex("");  // index 0, as the format demands
}

int64_t ProfileEncoder::StringIndex(std::string_view text) {
  const auto known = string_indices_.find(text);
  if (known != string_indices_.end()) return known->second;
  const auto index = static_cast<int64_t>(strings_.size());
  strings_.push_back(string_indices_.emplace(text, index).first->first);
  return index;
}

void ProfileEncoder::Emit(const std::string& encoded) {
  if (status_.ok()) status_ = stream_->Write(encoded);
}

std::string ProfileEncoder::ValueTypeMessage(const ValueType& type) {
  std::string message;
  pbf_writer writer(message);
  writer.add_int64(field::kType, StringIndex(type.type));
  writer.add_int64(field::kUnit, StringIndex(type.unit));
  return message;
}

void ProfileEncoder::SampleTypes(std::span<const ValueType> types) {
  std::string encoded;
  pbf_writer profile(encoded);
  for (const ValueType& type : types) {
    profile.add_message(field::kSampleType, ValueTypeMessage(type));
  }
  Emit(encoded);
}

void ProfileEncoder::Sample(std::span<const uintptr_t> words, std::span<const int64_t> values,
                            std::span<const SampleLabel> labels) {
  sample_locations_.clear();
  for (const uintptr_t word : words) sample_locations_.push_back(locations_.IdOf(word));
  if (!words.empty() && hot::IsMark(words.back())) {
    ++marked_[static_cast<size_t>(hot::MarkOf(words.back()))];
  }
  std::string encoded;
  pbf_writer profile(encoded);
  {
    pbf_writer sample(profile, field::kSample);
    sample.add_packed_uint64(field::kSampleLocationId, sample_locations_.begin(),
                             sample_locations_.end());
    sample.add_packed_int64(field::kSampleValue, values.begin(), values.end());
    for (const SampleLabel& label : labels) {
      pbf_writer message(sample, field::kSampleLabel);
      message.add_int64(field::kLabelKey, StringIndex(label.key));
      if (!label.text.empty()) {
        message.add_int64(field::kLabelStr, StringIndex(label.text));
        continue;
      }
      message.add_int64(field::kLabelNum, label.number);
      message.add_int64(field::kLabelNumUnit, StringIndex(label.unit));
    }
  }
  Emit(encoded);
}

void ProfileEncoder::WriteMappings() {
  std::vector<bool> is_used(mappings_.all().size() + 1, false);
  for (const uintptr_t word : locations_.addresses()) is_used[mappings_.IdOf(word)] = true;
  std::string encoded;
  pbf_writer profile(encoded);
  uint64_t id = 0;
  for (const Mapping& mapping : mappings_.all()) {
    ++id;
    if (mapping.gone && !is_used[id]) continue;
    pbf_writer message(profile, field::kMapping);
    message.add_uint64(field::kMappingId, id);
    message.add_uint64(field::kMemoryStart, mapping.start);
    message.add_uint64(field::kMemoryLimit, mapping.limit);
    message.add_uint64(field::kFileOffset, mapping.offset);
    message.add_int64(field::kFilename, StringIndex(mapping.file));
    if (!mapping.build_id.empty()) {
      message.add_int64(field::kBuildId, StringIndex(mapping.build_id));
    }
  }
  Emit(encoded);
}

void ProfileEncoder::WriteLocations() {
  constexpr size_t kEnough = size_t{64} * 1024;
  std::string encoded;
  pbf_writer profile(encoded);
  uint64_t id = 0;
  for (const uintptr_t word : locations_.addresses()) {
    {
      pbf_writer message(profile, field::kLocation);
      message.add_uint64(field::kLocationId, ++id);
      if (hot::IsMark(word)) {
        pbf_writer line(message, field::kLine);
        line.add_uint64(field::kLineFunctionId, FunctionOf(hot::MarkOf(word)));
      } else {
        const uint64_t mapping_id = mappings_.IdOf(word);
        if (mapping_id != 0) message.add_uint64(field::kLocationMappingId, mapping_id);
        message.add_uint64(field::kAddress, hot::FrameAddress(word));
      }
    }
    if (encoded.size() < kEnough) continue;
    Emit(encoded);
    encoded.clear();
  }
  Emit(encoded);
}

void ProfileEncoder::WriteFunctions() {
  std::string encoded;
  pbf_writer profile(encoded);
  for (const uintptr_t word : locations_.addresses()) {
    if (!hot::IsMark(word)) continue;
    const hot::FrameMark mark = hot::MarkOf(word);
    const int64_t name = StringIndex(NameOf(mark));
    pbf_writer message(profile, field::kFunction);
    message.add_uint64(field::kFunctionId, FunctionOf(mark));
    message.add_int64(field::kFunctionName, name);
    message.add_int64(field::kSystemName, name);
  }
  Emit(encoded);
}

void ProfileEncoder::WriteHeader(const ProfileHeader& header) {
  std::string encoded;
  pbf_writer profile(encoded);
  profile.add_int64(field::kTimeNanos, header.time_ns);
  if (header.duration_ns != 0) profile.add_int64(field::kDurationNanos, header.duration_ns);
  profile.add_message(field::kPeriodType, ValueTypeMessage(header.period_type));
  profile.add_int64(field::kPeriod, header.period);
  std::vector<int64_t> comments;
  for (const std::string& comment : header.comments) comments.push_back(StringIndex(comment));
  profile.add_packed_int64(field::kComment, comments.begin(), comments.end());
  if (!header.default_sample_type.empty()) {
    profile.add_int64(field::kDefaultSampleType, StringIndex(header.default_sample_type));
  }
  Emit(encoded);
}

void ProfileEncoder::WriteStrings() {
  std::string encoded;
  pbf_writer profile(encoded);
  for (const std::string_view text : strings_) {
    profile.add_string(field::kStringTable, text.data(), text.size());
  }
  Emit(encoded);
}

Status ProfileEncoder::Finish(const ProfileHeader& header) {
  WriteMappings();
  WriteLocations();
  WriteFunctions();
  WriteHeader(header);
  WriteStrings();
  return status_;
}

}  // namespace pprofagent::service
