// SPDX-License-Identifier: Apache-2.0
//
// See decode.h. The message is walked twice without building it: the first walk collects what
// everything else refers to (strings, types, mappings, functions, locations), which on disk may
// come after its users; the second turns samples straight into columns. A walk over a skipped
// sample costs one length prefix, so this is cheaper than keeping the samples' raw ids.
//
// protozero reports bad wire data by exceptions; they do not leave this file.
#include "tools/profile/decode.h"

#include <algorithm>
#include <protozero/pbf_reader.hpp>
#include <unordered_map>
#include <vector>

#include "tools/base/strings.h"

namespace cpprof::profile {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr std::string_view kKernelPrefix = "[kernel.kallsyms]";

// Thrown beside protozero's own exceptions.
struct NotAProfile {};
struct Concatenated {};

void Require(const pbf_reader& reader, pbf_wire_type type) {
  if (reader.wire_type() != type) throw NotAProfile();
}

uint64_t Number(pbf_reader* reader) {
  Require(*reader, pbf_wire_type::varint);
  return reader->get_uint64();
}

int64_t Signed(pbf_reader* reader) { return static_cast<int64_t>(Number(reader)); }

pbf_reader Message(pbf_reader* reader) {
  Require(*reader, pbf_wire_type::length_delimited);
  return reader->get_message();
}

// Ids of locations are one to three bytes long, and there are tens of millions of them.
inline uint64_t ReadVarint(const char** at, const char* end) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(*at);
  if (end - *at >= 3) {
    uint64_t value = bytes[0];
    if (value < 0x80) {
      *at += 1;
      return value;
    }
    value += (uint64_t{bytes[1]} << 7) - 0x80;
    if (bytes[1] < 0x80) {
      *at += 2;
      return value;
    }
    value += (uint64_t{bytes[2]} << 14) - (0x80 << 7);
    if (bytes[2] < 0x80) {
      *at += 3;
      return value;
    }
  }
  return protozero::decode_varint(at, end);
}

// How many numbers there can be among these bytes: each ends with the only one of its bytes that
// has no high bit.
size_t CountVarints(std::string_view bytes) {
  return static_cast<size_t>(std::count_if(bytes.begin(), bytes.end(), [](char byte) {
    return static_cast<unsigned char>(byte) < 0x80;
  }));
}

// A repeated number, packed or one by one.
template <typename Take>
void Numbers(pbf_reader* reader, Take&& take) {
  if (reader->wire_type() == pbf_wire_type::varint) {
    take(reader->get_uint64());
    return;
  }
  Require(*reader, pbf_wire_type::length_delimited);
  const auto view = reader->get_view();
  const char* at = view.data();
  const char* const end = at + view.size();
  while (at != end) take(ReadVarint(&at, end));
}

std::string_view View(const protozero::data_view& bytes) { return {bytes.data(), bytes.size()}; }

// Skips a field this reader does not know; the wire types of groups are not accepted.
void Skip(pbf_reader* reader) { reader->skip(); }

// Which index an id of the file has. Ids are usually 1..n; others are kept aside.
class IdTable {
 public:
  void Reserve(size_t count) { dense_.assign(count + 1, kNone); }

  // Ids have to be set in the order of their indices.
  void Set(uint64_t id, uint32_t index) {
    if (consecutive_ == index && id == uint64_t{index} + 1) {
      ++consecutive_;
      dense_[id] = index;
    } else if (id < dense_.size()) {
      dense_[id] = index;
    } else {
      sparse_[id] = index;
    }
  }

  uint32_t Find(uint64_t id) const {
    // No memory is touched for ids that are as usual.
    if (id - 1 < consecutive_) return static_cast<uint32_t>(id - 1);
    if (id < dense_.size()) return dense_[id];
    const auto found = sparse_.find(id);
    return found == sparse_.end() ? kNone : found->second;
  }

 private:
  // The first so many have the ids 1, 2, 3, ...
  uint32_t consecutive_ = 0;
  std::vector<uint32_t> dense_;
  std::unordered_map<uint64_t, uint32_t> sparse_;
};

class Decoder {
 public:
  explicit Decoder(Profile* profile) : profile_(*profile) {}

  void Run(std::string_view bytes) {
    ReadTables(pbf_reader(bytes.data(), bytes.size()));
    ResolveTables();
    profile_.SetSampleTypes(std::move(sample_types_));
    profile_.samples.Reserve(sample_count_, frame_limit_);
    ReadSamples(pbf_reader(bytes.data(), bytes.size()));
  }

  // The first contradiction, in the order in which the reference looks for them.
  std::string Inconsistency() const {
    if (profile_.sample_types.empty() && sample_count_ != 0) {
      return "missing sample type information";
    }
    for (const std::string* error :
         {&sample_error_, &mapping_error_, &function_error_, &location_error_}) {
      if (!error->empty()) return *error;
    }
    return "";
  }

 private:
  // What of a table row still has ids of the file in it.
  struct RawValueType {
    int64_t type = 0;
    int64_t unit = 0;
  };

  void ReadTables(pbf_reader reader);
  void ReadSamples(pbf_reader reader);
  static RawValueType ReadValueType(pbf_reader reader);
  void ReadMapping(pbf_reader reader);
  void ReadFunction(pbf_reader reader);
  void ReadLocation(pbf_reader reader);
  void ReadLine(pbf_reader reader);
  void ReadSample(pbf_reader reader);
  void ReadStack(pbf_reader* reader);
  void ReadLabel(pbf_reader reader);
  void FinishSample();

  void ResolveTables();
  void ResolveMappings();
  void ResolveFunctions();
  void ResolveLocations();
  // A string index of the file as an id of the profile's table.
  StringId Resolve(int64_t index) const {
    if (index < 0 || static_cast<uint64_t>(index) >= strings_.size()) throw NotAProfile();
    return strings_[static_cast<size_t>(index)];
  }
  ValueType Resolve(const RawValueType& raw) const {
    return {Resolve(raw.type), Resolve(raw.unit)};
  }

  Profile& profile_;
  std::vector<StringId> strings_;
  std::vector<ValueType> sample_types_;
  std::vector<RawValueType> raw_sample_types_;
  RawValueType raw_period_type_;
  std::vector<uint64_t> function_ids_;
  std::vector<uint64_t> line_function_ids_;
  std::vector<uint64_t> location_mapping_ids_;
  // Strings of rows, as indices of the file, in the order of the row's fields.
  std::vector<std::pair<int64_t, int64_t>> mapping_strings_;
  struct FunctionStrings {
    int64_t name = 0;
    int64_t system_name = 0;
    int64_t filename = 0;
  };
  std::vector<FunctionStrings> function_strings_;
  int64_t drop_frames_ = 0;
  int64_t keep_frames_ = 0;
  int64_t default_sample_type_ = 0;
  int64_t doc_url_ = 0;
  std::vector<int64_t> comments_;

  IdTable mappings_by_id_;
  IdTable functions_by_id_;
  IdTable locations_by_id_;

  size_t sample_count_ = 0;
  // There are no more frames than this; sample messages have few other numbers.
  size_t frame_limit_ = 0;
  std::vector<Label> labels_;
  bool unknown_location_ = false;
  std::string sample_error_;
  std::string mapping_error_;
  std::string function_error_;
  std::string location_error_;
};

void Decoder::ReadTables(pbf_reader reader) {
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        raw_sample_types_.push_back(ReadValueType(Message(&reader)));
        break;
      case 2:
        Require(reader, pbf_wire_type::length_delimited);
        frame_limit_ += CountVarints(View(reader.get_view()));
        ++sample_count_;
        break;
      case 3:
        ReadMapping(Message(&reader));
        break;
      case 4:
        ReadLocation(Message(&reader));
        break;
      case 5:
        ReadFunction(Message(&reader));
        break;
      case 6: {
        Require(reader, pbf_wire_type::length_delimited);
        const auto text = reader.get_view();
        if (strings_.empty() && text.size() != 0) throw NotAProfile();
        strings_.push_back(profile_.Intern({text.data(), text.size()}));
        break;
      }
      case 7:
        drop_frames_ = Signed(&reader);
        break;
      case 8:
        keep_frames_ = Signed(&reader);
        break;
      case 9:
        if (profile_.time_nanos != 0) throw Concatenated();
        profile_.time_nanos = Signed(&reader);
        break;
      case 10:
        profile_.duration_nanos = Signed(&reader);
        break;
      case 11:
        raw_period_type_ = ReadValueType(Message(&reader));
        break;
      case 12:
        profile_.period = Signed(&reader);
        break;
      case 13:
        Numbers(&reader, [&](uint64_t index) { comments_.push_back(static_cast<int64_t>(index)); });
        break;
      case 14:
        default_sample_type_ = Signed(&reader);
        break;
      case 15:
        doc_url_ = Signed(&reader);
        break;
      default:
        Skip(&reader);
    }
  }
}

Decoder::RawValueType Decoder::ReadValueType(pbf_reader reader) {
  RawValueType out;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        out.type = Signed(&reader);
        break;
      case 2:
        out.unit = Signed(&reader);
        break;
      default:
        Skip(&reader);
    }
  }
  return out;
}

void Decoder::ReadMapping(pbf_reader reader) {
  Mapping mapping;
  std::pair<int64_t, int64_t> strings;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        mapping.id = Number(&reader);
        break;
      case 2:
        mapping.start = Number(&reader);
        break;
      case 3:
        mapping.limit = Number(&reader);
        break;
      case 4:
        mapping.offset = Number(&reader);
        break;
      case 5:
        strings.first = Signed(&reader);
        break;
      case 6:
        strings.second = Signed(&reader);
        break;
      case 7:
        mapping.has_functions = Number(&reader) != 0;
        break;
      case 8:
        mapping.has_filenames = Number(&reader) != 0;
        break;
      case 9:
        mapping.has_line_numbers = Number(&reader) != 0;
        break;
      case 10:
        mapping.has_inline_frames = Number(&reader) != 0;
        break;
      default:
        Skip(&reader);
    }
  }
  profile_.mappings.push_back(mapping);
  profile_.last_mapping_id = std::max(profile_.last_mapping_id, mapping.id);
  mapping_strings_.push_back(strings);
}

void Decoder::ReadFunction(pbf_reader reader) {
  Function function;
  uint64_t id = 0;
  FunctionStrings strings;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        id = Number(&reader);
        break;
      case 2:
        strings.name = Signed(&reader);
        break;
      case 3:
        strings.system_name = Signed(&reader);
        break;
      case 4:
        strings.filename = Signed(&reader);
        break;
      case 5:
        function.start_line = Signed(&reader);
        break;
      default:
        Skip(&reader);
    }
  }
  profile_.functions.push_back(function);
  function_ids_.push_back(id);
  function_strings_.push_back(strings);
}

void Decoder::ReadLocation(pbf_reader reader) {
  Location location;
  location.first_line = static_cast<uint32_t>(profile_.lines.size());
  uint64_t mapping_id = 0;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        location.id = Number(&reader);
        break;
      case 2:
        mapping_id = Number(&reader);
        break;
      case 3:
        location.address = Number(&reader);
        break;
      case 4:
        ReadLine(Message(&reader));
        ++location.line_count;
        break;
      case 5:
        location.is_folded = Number(&reader) != 0;
        break;
      default:
        Skip(&reader);
    }
  }
  profile_.locations.push_back(location);
  profile_.last_location_id = std::max(profile_.last_location_id, location.id);
  location_mapping_ids_.push_back(mapping_id);
}

void Decoder::ReadLine(pbf_reader reader) {
  Line line;
  uint64_t function_id = 0;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        function_id = Number(&reader);
        break;
      case 2:
        line.line = Signed(&reader);
        break;
      case 3:
        line.column = Signed(&reader);
        break;
      default:
        Skip(&reader);
    }
  }
  profile_.lines.push_back(line);
  line_function_ids_.push_back(function_id);
}

void Decoder::ResolveTables() {
  ResolveMappings();
  ResolveFunctions();
  ResolveLocations();
  for (const RawValueType& raw : raw_sample_types_) sample_types_.push_back(Resolve(raw));
  profile_.period_type = Resolve(raw_period_type_);
  profile_.drop_frames = Resolve(drop_frames_);
  profile_.keep_frames = Resolve(keep_frames_);
  profile_.default_sample_type = Resolve(default_sample_type_);
  profile_.doc_url = Resolve(doc_url_);
  for (const int64_t comment : comments_) profile_.comments.push_back(Resolve(comment));
}

// Notes the first error of a table in *error.
void CheckId(uint64_t id, bool known, const char* reserved, const char* duplicate,
             std::string* error) {
  if (!error->empty()) return;
  if (id == 0) {
    *error = reserved;
  } else if (known) {
    *error = StrFormat("%s: %llu", duplicate, static_cast<unsigned long long>(id));
  }
}

void Decoder::ResolveMappings() {
  mappings_by_id_.Reserve(profile_.mappings.size());
  for (uint32_t i = 0; i < profile_.mappings.size(); ++i) {
    Mapping& mapping = profile_.mappings[i];
    mapping.file = Resolve(mapping_strings_[i].first);
    mapping.build_id = Resolve(mapping_strings_[i].second);
    const std::string_view file = profile_.Text(mapping.file);
    if (file.substr(0, kKernelPrefix.size()) == kKernelPrefix) {
      mapping.kernel_relocation_symbol = profile_.Intern(ReplaceAll(file, kKernelPrefix, ""));
    }
    const uint64_t id = mapping.id;
    CheckId(id, mappings_by_id_.Find(id) != kNone, "found mapping with reserved ID=0",
            "multiple mappings with same id", &mapping_error_);
    mappings_by_id_.Set(id, i);
  }
}

void Decoder::ResolveFunctions() {
  functions_by_id_.Reserve(function_ids_.size());
  for (uint32_t i = 0; i < function_ids_.size(); ++i) {
    Function& function = profile_.functions[i];
    function.name = Resolve(function_strings_[i].name);
    function.system_name = Resolve(function_strings_[i].system_name);
    function.filename = Resolve(function_strings_[i].filename);
    const uint64_t id = function_ids_[i];
    CheckId(id, functions_by_id_.Find(id) != kNone, "found function with reserved ID=0",
            "multiple functions with same id", &function_error_);
    functions_by_id_.Set(id, i);
  }
}

void Decoder::ResolveLocations() {
  locations_by_id_.Reserve(profile_.locations.size());
  for (uint32_t i = 0; i < profile_.locations.size(); ++i) {
    Location& location = profile_.locations[i];
    const uint64_t id = location.id;
    location.mapping = mappings_by_id_.Find(location_mapping_ids_[i]);
    CheckId(id, locations_by_id_.Find(id) != kNone, "found location with reserved id=0",
            "multiple locations with same id", &location_error_);
    locations_by_id_.Set(id, i);
    for (uint32_t k = 0; k < location.line_count; ++k) {
      const uint32_t at = location.first_line + k;
      const uint64_t function_id = line_function_ids_[at];
      profile_.lines[at].function = function_id == 0 ? kNone : functions_by_id_.Find(function_id);
      if (profile_.lines[at].function == kNone && location_error_.empty()) {
        location_error_ = StrFormat("location id: %llu has a line with nil function",
                                    static_cast<unsigned long long>(id));
      }
    }
  }
}

void Decoder::ReadSamples(pbf_reader reader) {
  while (reader.next()) {
    if (reader.tag() == 2) {
      ReadSample(reader.get_message());
    } else {
      reader.skip();
    }
  }
}

void Decoder::ReadSample(pbf_reader reader) {
  Samples& samples = profile_.samples;
  labels_.clear();
  unknown_location_ = false;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        ReadStack(&reader);
        break;
      case 2:
        Numbers(&reader, [&](uint64_t value) { samples.PushValue(static_cast<int64_t>(value)); });
        break;
      case 3:
        ReadLabel(Message(&reader));
        break;
      default:
        Skip(&reader);
    }
  }
  FinishSample();
}

void Decoder::ReadStack(pbf_reader* reader) {
  Samples& samples = profile_.samples;
  const auto find = [&](uint64_t id) {
    const LocationIndex location = locations_by_id_.Find(id);
    unknown_location_ |= location == kNone;
    return location;
  };
  if (reader->wire_type() == pbf_wire_type::varint) {
    samples.PushFrame(find(reader->get_uint64()));
    return;
  }
  Require(*reader, pbf_wire_type::length_delimited);
  const auto view = reader->get_view();
  const char* at = view.data();
  const char* const end = at + view.size();
  LocationIndex* frame = samples.GrowFrames(view.size());
  while (at != end) *frame++ = find(ReadVarint(&at, end));
  samples.ShrinkFrames(frame);
}

void Decoder::FinishSample() {
  Samples& samples = profile_.samples;
  const size_t values = samples.pending_values();
  if (sample_error_.empty() && values != samples.width()) {
    sample_error_ =
        StrFormat("mismatch: sample has %zu values vs. %zu types", values, samples.width());
  } else if (sample_error_.empty() && unknown_location_) {
    sample_error_ = "sample has nil location";
  }
  if (!sample_error_.empty()) {
    samples.DropRow();
    return;
  }
  profile_.SortLabels(&labels_);
  samples.FinishRow(labels_);
}

void Decoder::ReadLabel(pbf_reader reader) {
  int64_t key = 0;
  int64_t text = 0;
  int64_t number = 0;
  int64_t unit = 0;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        key = Signed(&reader);
        break;
      case 2:
        text = Signed(&reader);
        break;
      case 3:
        number = Signed(&reader);
        break;
      case 4:
        unit = Signed(&reader);
        break;
      default:
        Skip(&reader);
    }
  }
  Label label;
  label.key = Resolve(key);
  if (text != 0) {
    label.text = Resolve(text);
  } else if (number != 0 || unit != 0) {
    label.numeric = true;
    label.number = number;
    label.unit = Resolve(unit);
  } else {
    return;
  }
  labels_.push_back(label);
}

}  // namespace

DecodeResult Decode(std::string_view bytes, Profile* profile) {
  if (bytes.empty()) return {DecodeOutcome::kEmpty, "empty input file"};
  *profile = Profile();
  Decoder decoder(profile);
  try {
    decoder.Run(bytes);
  } catch (const Concatenated&) {
    return {DecodeOutcome::kConcatenated, "concatenated profiles detected"};
  } catch (const NotAProfile&) {
    return {DecodeOutcome::kNotAProfile, "malformed profile format"};
  } catch (const protozero::exception& error) {
    return {DecodeOutcome::kNotAProfile, error.what()};
  }
  std::string inconsistency = decoder.Inconsistency();
  if (!inconsistency.empty()) return {DecodeOutcome::kInconsistent, std::move(inconsistency)};
  return {};
}

}  // namespace cpprof::profile
