// SPDX-License-Identifier: Apache-2.0
//
// See merge.h. The first profile is merged in place: its columns become those of the result and its
// rows only ever move forward, so merging one big profile needs no second copy of it.
#include "tools/profile/merge.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "tools/base/arithmetic.h"
#include "tools/base/index_set.h"
#include "tools/base/strings.h"

namespace cpprof::profile {
namespace {

// Mapping sizes that differ by less than a page are the same mapping.
constexpr uint64_t kMappingRounding = 0x1000;

bool IsZero(std::span<const int64_t> values) {
  return std::all_of(values.begin(), values.end(), [](int64_t value) { return value == 0; });
}

std::string ShowTypes(const Profile& profile) {
  std::string out = "[";
  for (const ValueType& type : profile.sample_types) {
    if (out.size() > 1) out += ' ';
    out.append(profile.Text(type.type)).append("/").append(profile.Text(type.unit));
  }
  return out + "]";
}

std::string ShowType(const Profile& profile, const ValueType& type) {
  return StrFormat("&{%s %s 0 0}", std::string(profile.Text(type.type)).c_str(),
                   std::string(profile.Text(type.unit)).c_str());
}

bool SameType(const Profile& a, const ValueType& x, const Profile& b, const ValueType& y) {
  return a.Text(x.type) == b.Text(y.type) && a.Text(x.unit) == b.Text(y.unit);
}

Status CheckCompatible(const Profile& a, const Profile& b) {
  if (!SameType(a, a.period_type, b, b.period_type)) {
    return Status::Error("incompatible period types " + ShowType(a, a.period_type) + " and " +
                         ShowType(b, b.period_type));
  }
  bool same = a.sample_types.size() == b.sample_types.size();
  for (size_t i = 0; same && i < a.sample_types.size(); ++i) {
    same = SameType(a, a.sample_types[i], b, b.sample_types[i]);
  }
  if (same) return Status::Ok();
  return Status::Error("incompatible sample types " + ShowTypes(a) + " and " + ShowTypes(b));
}

class Merger {
 public:
  // Starts with the headers of all profiles.
  explicit Merger(std::vector<Profile>* sources);

  void AddFirst(Profile source);
  void Add(const Profile& source);
  Profile Finish() { return std::move(out_); }

 private:
  // Prepares the tables that translate indices of `source` into those of the result.
  void Begin(const Profile& source);
  StringId MapString(StringId id);
  MappingIndex MapMapping(MappingIndex index);
  FunctionIndex MapFunction(FunctionIndex index);
  LocationIndex MapLocation(LocationIndex index);
  // Replaces the source's locations by the result's.
  void MapStack(std::span<LocationIndex> stack);
  void MapLabels(std::span<const Label> labels);

  // Looks for the row's stack and labels among the rows so far.
  uint64_t HashRow(std::span<const LocationIndex> stack) const;
  uint32_t FindRow(uint64_t hash, std::span<const LocationIndex> stack) const;
  void AddValues(uint32_t row, std::span<const int64_t> values);

  uint64_t HashLocation(const Location& location, std::span<const Line> lines) const;
  bool SameLocation(LocationIndex index, const Location& location,
                    std::span<const Line> lines) const;
  // The address within its mapping.
  uint64_t RelativeAddress(const Location& location) const {
    return location.mapping == kNone ? location.address
                                     : location.address - out_.mappings[location.mapping].start;
  }

  Profile out_;
  IndexSet rows_;
  IndexSet locations_;
  IndexSet functions_;
  std::unordered_map<std::string, MappingIndex> mappings_;

  // Of the source being added. kNone: not mapped yet.
  const Profile* source_ = nullptr;
  std::vector<StringId> string_map_;  // empty: the strings are shared
  std::vector<MappingIndex> mapping_map_;
  std::vector<FunctionIndex> function_map_;
  std::vector<LocationIndex> location_map_;
  size_t unmapped_ = 0;  // locations
  std::vector<Line> line_buffer_;
  std::vector<Label> label_buffer_;
};

Merger::Merger(std::vector<Profile>* sources) {
  Profile& first = sources->front();
  out_.strings = first.strings;
  out_.sample_types = first.sample_types;
  out_.drop_frames = first.drop_frames;
  out_.keep_frames = first.keep_frames;
  out_.period_type = first.period_type;
  std::unordered_set<StringId> seen;
  size_t locations = 0;
  size_t functions = 0;
  for (const Profile& source : *sources) {
    locations = std::max(locations, source.locations.size());
    functions = std::max(functions, source.functions.size());
    // One without a time makes the sum one.
    if (out_.time_nanos == 0 || source.time_nanos < out_.time_nanos) {
      out_.time_nanos = source.time_nanos;
    }
    out_.duration_nanos = WrapAdd(out_.duration_nanos, source.duration_nanos);
    out_.period = std::max(out_.period, source.period);
    for (const StringId comment : source.comments) {
      const StringId id = out_.Intern(source.Text(comment));
      if (seen.insert(id).second) out_.comments.push_back(id);
    }
    if (out_.default_sample_type == 0) {
      out_.default_sample_type = out_.Intern(source.Text(source.default_sample_type));
    }
    if (out_.doc_url == 0) out_.doc_url = out_.Intern(source.Text(source.doc_url));
  }
  // Profiles that are merged are mostly of the same program.
  locations_ = IndexSet(locations);
  functions_ = IndexSet(functions);
  out_.locations.reserve(locations);
  out_.functions.reserve(functions);
}

void Merger::Begin(const Profile& source) {
  source_ = &source;
  string_map_.clear();
  if (source.strings != out_.strings) string_map_.assign(source.strings->size(), kNone);
  mapping_map_.assign(source.mappings.size(), kNone);
  function_map_.assign(source.functions.size(), kNone);
  location_map_.assign(source.locations.size(), kNone);
  unmapped_ = source.locations.size();
  // The first mapping is the main program and stays first, whatever the samples use.
  if (out_.mappings.empty() && !source.mappings.empty()) MapMapping(0);
}

void Merger::AddFirst(Profile source) {
  Begin(source);
  out_.samples = std::move(source.samples);
  Samples& samples = out_.samples;
  rows_ = IndexSet(samples.size());
  uint32_t kept = 0;
  samples.Retain([&](size_t row) {
    const std::span<const int64_t> values = std::as_const(samples).Values(row);
    if (IsZero(values)) return false;
    const std::span<LocationIndex> stack = samples.Stack(row);
    MapStack(stack);
    MapLabels(samples.Labels(row));
    const uint64_t hash = HashRow(stack);
    const uint32_t same = FindRow(hash, stack);
    if (same != IndexSet::kAbsent) {
      AddValues(same, values);
      return false;
    }
    rows_.Insert(hash, kept++);
    return true;
  });
  source_ = nullptr;
}

void Merger::Add(const Profile& source) {
  Begin(source);
  std::vector<LocationIndex> stack;
  for (size_t row = 0; row < source.samples.size(); ++row) {
    const std::span<const int64_t> values = source.samples.Values(row);
    if (IsZero(values)) continue;
    const auto source_stack = source.samples.Stack(row);
    stack.assign(source_stack.begin(), source_stack.end());
    MapStack(stack);
    MapLabels(source.samples.Labels(row));
    const uint64_t hash = HashRow(stack);
    const uint32_t same = FindRow(hash, stack);
    if (same != IndexSet::kAbsent) {
      AddValues(same, values);
    } else {
      rows_.Insert(hash, static_cast<uint32_t>(out_.samples.size()));
      out_.samples.Append(stack, values, label_buffer_);
    }
  }
  source_ = nullptr;
}

StringId Merger::MapString(StringId id) {
  if (string_map_.empty()) return id;
  StringId& mapped = string_map_[id];
  if (mapped == kNone) mapped = out_.Intern(source_->Text(id));
  return mapped;
}

MappingIndex Merger::MapMapping(MappingIndex index) {
  if (index == kNone) return kNone;
  MappingIndex& mapped = mapping_map_[index];
  if (mapped != kNone) return mapped;
  Mapping mapping = source_->mappings[index];
  const uint64_t size = mapping.limit - mapping.start + kMappingRounding - 1;
  const std::string_view identity =
      source_->Text(mapping.build_id != 0 ? mapping.build_id : mapping.file);
  std::string key =
      StrFormat("%llx %llx ", static_cast<unsigned long long>(size - size % kMappingRounding),
                static_cast<unsigned long long>(mapping.offset));
  key += identity;
  const auto [found, is_new] =
      mappings_.emplace(std::move(key), static_cast<MappingIndex>(out_.mappings.size()));
  mapped = found->second;
  if (is_new) {
    mapping.file = MapString(mapping.file);
    mapping.build_id = MapString(mapping.build_id);
    mapping.kernel_relocation_symbol = MapString(mapping.kernel_relocation_symbol);
    out_.AddMapping(mapping);
  }
  return mapped;
}

FunctionIndex Merger::MapFunction(FunctionIndex index) {
  FunctionIndex& mapped = function_map_[index];
  if (mapped != kNone) return mapped;
  Function function = source_->functions[index];
  function.name = MapString(function.name);
  function.system_name = MapString(function.system_name);
  function.filename = MapString(function.filename);
  uint64_t hash = HashMix(0, uint64_t{function.name} << 32 | function.system_name);
  hash = HashMix(hash, function.filename);
  hash = HashMix(hash, static_cast<uint64_t>(function.start_line));
  mapped = functions_.Find(hash, [&](uint32_t other) {
    const Function& candidate = out_.functions[other];
    return candidate.name == function.name && candidate.system_name == function.system_name &&
           candidate.filename == function.filename && candidate.start_line == function.start_line;
  });
  if (mapped == IndexSet::kAbsent) {
    mapped = static_cast<FunctionIndex>(out_.functions.size());
    functions_.Insert(hash, mapped);
    out_.functions.push_back(function);
  }
  return mapped;
}

LocationIndex Merger::MapLocation(LocationIndex index) {
  LocationIndex& mapped = location_map_[index];
  if (mapped != kNone) return mapped;
  --unmapped_;
  Location location = source_->locations[index];
  const MappingIndex source_mapping = location.mapping;
  location.mapping = MapMapping(source_mapping);
  if (location.mapping != kNone) {
    location.address +=
        out_.mappings[location.mapping].start - source_->mappings[source_mapping].start;
  }
  line_buffer_.clear();
  for (Line line : source_->Lines(index)) {
    line.function = MapFunction(line.function);
    line_buffer_.push_back(line);
  }
  const uint64_t hash = HashLocation(location, line_buffer_);
  mapped = locations_.Find(
      hash, [&](uint32_t other) { return SameLocation(other, location, line_buffer_); });
  if (mapped == IndexSet::kAbsent) {
    mapped = out_.AddLocation(location.address, location.mapping);
    locations_.Insert(hash, mapped);
    out_.locations[mapped].is_folded = location.is_folded;
    out_.SetLines(mapped, line_buffer_);
  }
  return mapped;
}

void Merger::MapStack(std::span<LocationIndex> stack) {
  if (unmapped_ != 0) {
    // Stacks lead all over the locations, and each is a wait for memory: wait for all together.
    for (const LocationIndex location : stack) {
      if (location_map_[location] == kNone) __builtin_prefetch(&source_->locations[location]);
    }
    for (const LocationIndex location : stack) {
      if (location_map_[location] == kNone) __builtin_prefetch(source_->Lines(location).data());
    }
  }
  for (LocationIndex& location : stack) location = MapLocation(location);
}

uint64_t Merger::HashLocation(const Location& location, std::span<const Line> lines) const {
  uint64_t hash = HashMix(RelativeAddress(location), location.mapping);
  hash = HashMix(hash, location.is_folded);
  for (const Line& line : lines) {
    hash = HashMix(hash, line.function);
    hash = HashMix(hash, static_cast<uint64_t>(line.line));
    hash = HashMix(hash, static_cast<uint64_t>(line.column));
  }
  return hash;
}

bool Merger::SameLocation(LocationIndex index, const Location& location,
                          std::span<const Line> lines) const {
  const Location& other = out_.locations[index];
  const std::span<const Line> other_lines = out_.Lines(index);
  return other.mapping == location.mapping && other.is_folded == location.is_folded &&
         RelativeAddress(other) == RelativeAddress(location) &&
         std::equal(lines.begin(), lines.end(), other_lines.begin(), other_lines.end());
}

void Merger::MapLabels(std::span<const Label> labels) {
  label_buffer_.assign(labels.begin(), labels.end());
  if (string_map_.empty()) return;
  for (Label& label : label_buffer_) {
    label.key = MapString(label.key);
    label.text = MapString(label.text);
    label.unit = MapString(label.unit);
  }
}

uint64_t Merger::HashRow(std::span<const LocationIndex> stack) const {
  uint64_t hash = stack.size();
  for (const LocationIndex location : stack) hash = HashMix(hash, location);
  for (const Label& label : label_buffer_) {
    hash = HashMix(hash, uint64_t{label.key} << 32 | label.text);
    hash = HashMix(hash, uint64_t{label.unit} << 32 | label.numeric);
    hash = HashMix(hash, static_cast<uint64_t>(label.number));
  }
  return hash;
}

uint32_t Merger::FindRow(uint64_t hash, std::span<const LocationIndex> stack) const {
  return rows_.Find(hash, [&](uint32_t row) {
    const auto other_stack = out_.samples.Stack(row);
    const auto other_labels = out_.samples.Labels(row);
    return std::equal(stack.begin(), stack.end(), other_stack.begin(), other_stack.end()) &&
           std::equal(label_buffer_.begin(), label_buffer_.end(), other_labels.begin(),
                      other_labels.end());
  });
}

void Merger::AddValues(uint32_t row, std::span<const int64_t> values) {
  const std::span<int64_t> sum = out_.samples.Values(row);
  for (size_t i = 0; i < values.size(); ++i) {
    sum[i] = WrapAdd(sum[i], values[i]);
  }
}

bool HasZeroSamples(const Profile& profile) {
  for (size_t row = 0; row < profile.samples.size(); ++row) {
    if (IsZero(profile.samples.Values(row))) return true;
  }
  return false;
}

// The types all profiles have exactly once each, by name.
std::vector<std::string> CommonSampleTypes(std::span<Profile> profiles) {
  std::unordered_map<std::string_view, size_t> count;
  for (const Profile& profile : profiles) {
    for (const ValueType& type : profile.sample_types) ++count[profile.Text(type.type)];
  }
  std::vector<std::string> common;
  for (const ValueType& type : profiles.front().sample_types) {
    const std::string_view name = profiles.front().Text(type.type);
    if (count[name] == profiles.size()) common.emplace_back(name);
  }
  return common;
}

void KeepSampleTypes(Profile* profile, const std::vector<std::string>& names) {
  std::vector<size_t> columns;
  std::vector<ValueType> types;
  std::string_view default_type = names.front();
  for (const std::string& name : names) {
    if (profile->Text(profile->default_sample_type) == name) default_type = name;
    const auto found =
        std::find_if(profile->sample_types.begin(), profile->sample_types.end(),
                     [&](const ValueType& type) { return profile->Text(type.type) == name; });
    columns.push_back(static_cast<size_t>(found - profile->sample_types.begin()));
    types.push_back(*found);
  }
  if (types == profile->sample_types) return;
  profile->default_sample_type = profile->Intern(default_type);
  profile->sample_types = std::move(types);
  profile->samples.RecomputeValues(columns.size(),
                                   [&](std::span<const int64_t> old, std::span<int64_t> values) {
                                     for (size_t i = 0; i < columns.size(); ++i)
                                       values[i] = old[columns[i]];
                                   });
}

}  // namespace

Status KeepCommonSampleTypes(std::span<Profile> profiles) {
  const std::vector<std::string> common = CommonSampleTypes(profiles);
  if (common.empty()) return Status::Error("profiles have empty common sample type list");
  for (Profile& profile : profiles) KeepSampleTypes(&profile, common);
  return Status::Ok();
}

Profile Compact(Profile profile) {
  std::vector<Profile> one;
  one.push_back(std::move(profile));
  Merger merger(&one);
  merger.AddFirst(std::move(one.front()));
  return merger.Finish();
}

Result<Profile> Merge(std::vector<Profile> profiles) {
  if (profiles.empty()) return Status::Error("no profiles to merge");
  if (profiles.size() == 1) return std::move(profiles.front());
  for (const Profile& profile : profiles) {
    Status compatible = CheckCompatible(profiles.front(), profile);
    if (!compatible.ok()) return compatible;
  }
  Merger merger(&profiles);
  merger.AddFirst(std::move(profiles.front()));
  for (size_t i = 1; i < profiles.size(); ++i) {
    merger.Add(profiles[i]);
    profiles[i] = Profile();
  }
  Profile merged = merger.Finish();
  // Samples that have cancelled out leave behind locations that nothing uses.
  return HasZeroSamples(merged) ? Compact(std::move(merged)) : std::move(merged);
}

void Scale(Profile* profile, std::span<const double> ratios) {
  const auto is_one = [](double ratio) { return ratio == 1; };
  if (std::all_of(ratios.begin(), ratios.end(), is_one)) return;
  Samples& samples = profile->samples;
  samples.Retain([&](size_t row) {
    const std::span<int64_t> values = samples.Values(row);
    bool keep = false;
    for (size_t i = 0; i < values.size(); ++i) {
      if (ratios[i] == 1) continue;
      values[i] = TruncateToInt(std::round(static_cast<double>(values[i]) * ratios[i]));
      keep |= values[i] != 0;
    }
    return keep;
  });
}

void Scale(Profile* profile, double ratio) {
  const std::vector<double> ratios(profile->sample_types.size(), ratio);
  Scale(profile, ratios);
}

Status Normalize(Profile* profile, const Profile& base) {
  Status compatible = CheckCompatible(*profile, base);
  if (!compatible.ok()) return compatible;
  const auto sums = [](const Profile& summed) {
    std::vector<int64_t> out(summed.sample_types.size());
    for (size_t row = 0; row < summed.samples.size(); ++row) {
      const auto values = summed.samples.Values(row);
      for (size_t i = 0; i < out.size(); ++i) out[i] = WrapAdd(out[i], values[i]);
    }
    return out;
  };
  const std::vector<int64_t> have = sums(*profile);
  const std::vector<int64_t> want = sums(base);
  std::vector<double> ratios;
  for (size_t i = 0; i < have.size(); ++i) {
    ratios.push_back(have[i] == 0 ? 0
                                  : static_cast<double>(want[i]) / static_cast<double>(have[i]));
  }
  Scale(profile, ratios);
  return Status::Ok();
}

void SetLabel(Profile* profile, std::string_view key, std::string_view value) {
  const Label label = profile->TextLabel(key, value);
  profile->samples.Rewrite([&](size_t, Samples::Parts* parts) {
    std::erase_if(parts->labels,
                  [&](const Label& old) { return !old.numeric && old.key == label.key; });
    parts->labels.push_back(label);
    profile->SortLabels(&parts->labels);
    return true;
  });
}

}  // namespace cpprof::profile
