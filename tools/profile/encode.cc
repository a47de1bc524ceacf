// SPDX-License-Identifier: Apache-2.0
//
// See encode.h.
#include "tools/profile/encode.h"

#include <protozero/pbf_writer.hpp>
#include <vector>

namespace cpprof::profile {
namespace {

using protozero::pbf_writer;

class Encoder {
 public:
  explicit Encoder(const Profile& profile)
      : profile_(profile), file_ids_(profile.strings->size(), -1), out_(bytes_) {
    FileId(0);
  }

  std::string Run() {
    bytes_.reserve(ExpectedSize());
    for (const ValueType& type : profile_.sample_types) WriteValueType(kSampleType, type);
    for (size_t row = 0; row < profile_.samples.size(); ++row) WriteSample(row);
    for (size_t i = 0; i < profile_.mappings.size(); ++i) WriteMapping(i);
    for (size_t i = 0; i < profile_.locations.size(); ++i) WriteLocation(i);
    for (size_t i = 0; i < profile_.functions.size(); ++i) WriteFunction(i);
    WriteHeader();
    for (const StringId id : used_) {
      const std::string_view text = profile_.Text(id);
      out_.add_string(6, text.data(), text.size());
    }
    return std::move(bytes_);
  }

 private:
  // What the columns take when ids have up to three bytes; room that stays unused costs nothing.
  size_t ExpectedSize() const {
    constexpr size_t kId = 3;
    constexpr size_t kRecord = 32;
    const size_t rows = profile_.samples.size();
    return kId * profile_.samples.frame_count() +
           kRecord * (rows + profile_.locations.size() + profile_.functions.size());
  }

  // The index of the string in the file's table.
  int64_t FileId(StringId id) {
    int64_t& file_id = file_ids_[id];
    if (file_id < 0) {
      file_id = static_cast<int64_t>(used_.size());
      used_.push_back(id);
    }
    return file_id;
  }

  // proto3 leaves out what is zero.
  static void AddSigned(pbf_writer* writer, uint32_t tag, int64_t value) {
    if (value != 0) writer->add_int64(tag, value);
  }
  static void AddUnsigned(pbf_writer* writer, uint32_t tag, uint64_t value) {
    if (value != 0) writer->add_uint64(tag, value);
  }
  static void AddBool(pbf_writer* writer, uint32_t tag, bool value) {
    if (value) writer->add_bool(tag, value);
  }

  static constexpr uint32_t kSampleType = 1;

  void WriteValueType(uint32_t tag, const ValueType& type) {
    const int64_t name = FileId(type.type);
    const int64_t unit = FileId(type.unit);
    pbf_writer message(out_, tag);
    AddSigned(&message, 1, name);
    AddSigned(&message, 2, unit);
    // A nested message without a field would be taken back, and a column lost.
    if (tag == kSampleType && name == 0 && unit == 0) message.add_int64(1, 0);
  }

  void WriteSample(size_t row) {
    pbf_writer message(out_, 2);
    ids_.clear();
    for (const LocationIndex location : profile_.samples.Stack(row)) {
      ids_.push_back(uint64_t{location} + 1);
    }
    message.add_packed_uint64(1, ids_.begin(), ids_.end());
    const auto values = profile_.samples.Values(row);
    message.add_packed_int64(2, values.begin(), values.end());
    for (const Label& label : profile_.samples.Labels(row)) {
      pbf_writer out(message, 3);
      AddSigned(&out, 1, FileId(label.key));
      if (label.numeric) {
        AddSigned(&out, 3, label.number);
        AddSigned(&out, 4, FileId(label.unit));
      } else {
        AddSigned(&out, 2, FileId(label.text));
      }
    }
  }

  void WriteMapping(size_t i) {
    const Mapping& mapping = profile_.mappings[i];
    pbf_writer message(out_, 3);
    message.add_uint64(1, i + 1);
    AddUnsigned(&message, 2, mapping.start);
    AddUnsigned(&message, 3, mapping.limit);
    AddUnsigned(&message, 4, mapping.offset);
    AddSigned(&message, 5, FileId(mapping.file));
    AddSigned(&message, 6, FileId(mapping.build_id));
    AddBool(&message, 7, mapping.has_functions);
    AddBool(&message, 8, mapping.has_filenames);
    AddBool(&message, 9, mapping.has_line_numbers);
    AddBool(&message, 10, mapping.has_inline_frames);
  }

  void WriteLocation(size_t i) {
    const Location& location = profile_.locations[i];
    pbf_writer message(out_, 4);
    message.add_uint64(1, i + 1);
    if (location.mapping != kNone) message.add_uint64(2, uint64_t{location.mapping} + 1);
    AddUnsigned(&message, 3, location.address);
    for (const Line& line : profile_.Lines(static_cast<LocationIndex>(i))) {
      pbf_writer out(message, 4);
      out.add_uint64(1, uint64_t{line.function} + 1);
      AddSigned(&out, 2, line.line);
      AddSigned(&out, 3, line.column);
    }
    AddBool(&message, 5, location.is_folded);
  }

  void WriteFunction(size_t i) {
    const Function& function = profile_.functions[i];
    pbf_writer message(out_, 5);
    message.add_uint64(1, i + 1);
    AddSigned(&message, 2, FileId(function.name));
    AddSigned(&message, 3, FileId(function.system_name));
    AddSigned(&message, 4, FileId(function.filename));
    AddSigned(&message, 5, function.start_line);
  }

  void WriteHeader() {
    AddSigned(&out_, 7, FileId(profile_.drop_frames));
    AddSigned(&out_, 8, FileId(profile_.keep_frames));
    AddSigned(&out_, 9, profile_.time_nanos);
    AddSigned(&out_, 10, profile_.duration_nanos);
    WriteValueType(11, profile_.period_type);
    AddSigned(&out_, 12, profile_.period);
    std::vector<int64_t> comments;
    for (const StringId comment : profile_.comments) comments.push_back(FileId(comment));
    out_.add_packed_int64(13, comments.begin(), comments.end());
    out_.add_int64(14, FileId(profile_.default_sample_type));
    AddSigned(&out_, 15, FileId(profile_.doc_url));
  }

  const Profile& profile_;
  std::vector<int64_t> file_ids_;
  std::vector<StringId> used_;
  std::vector<uint64_t> ids_;
  std::string bytes_;
  pbf_writer out_;
};

}  // namespace

std::string Encode(const Profile& profile) { return Encoder(profile).Run(); }

}  // namespace cpprof::profile
