// SPDX-License-Identifier: Apache-2.0
//
// raw: the profile as text, table by table.
#include <algorithm>
#include <string>
#include <vector>

#include "tools/base/go_time.h"
#include "tools/base/strings.h"
#include "tools/report/formats.h"

namespace cpprof::report {
namespace {

using profile::Label;
using profile::LocationIndex;
using profile::Profile;
using profile::StringId;

constexpr const char* kLabelIndent = "                ";

// What printf wants for %llx and %llu.
unsigned long long Wide(uint64_t value) { return value; }

class RawWriter {
 public:
  RawWriter(const Profile& profile, std::string* out) : profile_(profile), out_(*out) {}

  void Run() {
    WriteHeader();
    out_ += "Samples:\n" + SampleTypes() + "\n";
    for (size_t row = 0; row < profile_.samples.size(); ++row) WriteSample(row);
    out_ += "Locations\n";
    for (LocationIndex i = 0; i < profile_.locations.size(); ++i) WriteLocation(i);
    out_ += "Mappings\n";
    for (size_t i = 0; i < profile_.mappings.size(); ++i) WriteMapping(i);
  }

 private:
  std::string Text(StringId id) const { return std::string(profile_.Text(id)); }

  void WriteHeader() {
    for (const StringId comment : profile_.comments) out_ += "Comment: " + Text(comment) + "\n";
    if (profile_.doc_url != 0) out_ += "Doc: " + Text(profile_.doc_url) + "\n";
    out_ += "PeriodType: " + Text(profile_.period_type.type) + " " +
            Text(profile_.period_type.unit) + "\n";
    AppendFormat(&out_, "Period: %lld\n", static_cast<long long>(profile_.period));
    if (profile_.time_nanos != 0) out_ += "Time: " + FullTime(profile_.time_nanos) + "\n";
    if (profile_.duration_nanos != 0) {
      // The reference asks for four significant digits and gets four characters.
      out_ += "Duration: " + FirstRunes(FullDuration(profile_.duration_nanos), 4) + "\n";
    }
  }

  static std::string FirstRunes(const std::string& text, size_t count) {
    size_t end = 0;
    while (end < text.size()) {
      if ((text[end] & 0xc0) != 0x80 && count-- == 0) break;
      ++end;
    }
    return text.substr(0, end);
  }

  std::string SampleTypes() const {
    std::string line;
    for (const profile::ValueType& type : profile_.sample_types) {
      line += Text(type.type) + "/" + Text(type.unit);
      if (type.type == profile_.default_sample_type) line += "[dflt]";
      line += " ";
    }
    return std::string(TrimSpace(line));
  }

  void WriteSample(size_t row) {
    for (const int64_t value : profile_.samples.Values(row)) {
      AppendFormat(&out_, " %10lld", static_cast<long long>(value));
    }
    out_ += ": ";
    for (const LocationIndex location : profile_.samples.Stack(row)) {
      out_ += std::to_string(profile_.locations[location].id) + " ";
    }
    out_ += "\n";
    WriteLabels(row, /*numeric=*/false);
    WriteLabels(row, /*numeric=*/true);
  }

  // "key:[a b] key2:[c]"
  void WriteLabels(size_t row, bool numeric) {
    std::vector<std::string> texts;
    const auto labels = profile_.samples.Labels(row);
    for (size_t begin = 0; begin < labels.size();) {
      size_t end = begin + 1;
      while (end < labels.size() && labels[end].key == labels[begin].key &&
             labels[end].numeric == labels[begin].numeric) {
        ++end;
      }
      if (labels[begin].numeric == numeric) {
        texts.push_back(Text(labels[begin].key) + ":[" +
                        Values(labels.subspan(begin, end - begin)) + "]");
      }
      begin = end;
    }
    if (texts.empty()) return;
    std::sort(texts.begin(), texts.end());
    out_ += kLabelIndent + Join(texts, " ") + "\n";
  }

  // The values of one key; units are shown if any of them has one.
  std::string Values(std::span<const Label> labels) const {
    const bool units =
        std::any_of(labels.begin(), labels.end(), [](const Label& label) { return label.unit; });
    std::vector<std::string> values;
    for (const Label& label : labels) {
      if (!label.numeric) {
        values.push_back(Text(label.text));
      } else {
        values.push_back(std::to_string(label.number) + (units ? " " + Text(label.unit) : ""));
      }
    }
    return Join(values, " ");
  }

  void WriteLocation(LocationIndex index) {
    const profile::Location& location = profile_.locations[index];
    std::string start = StrFormat("%6llu: 0x%llx ", Wide(location.id), Wide(location.address));
    if (location.mapping != profile::kNone) {
      AppendFormat(&start, "M=%llu ", Wide(profile_.mappings[location.mapping].id));
    }
    if (location.is_folded) start += "[F] ";
    const auto lines = profile_.Lines(index);
    if (lines.empty()) out_ += start + "\n";
    for (const profile::Line& line : lines) {
      const profile::Function& function = profile_.functions[line.function];
      out_ += start + Text(function.name) + " " + Text(function.filename);
      AppendFormat(&out_, ":%lld:%lld s=%lld", static_cast<long long>(line.line),
                   static_cast<long long>(line.column),
                   static_cast<long long>(function.start_line));
      if (function.name != function.system_name) {
        out_ += "(" + Text(function.system_name) + ")";
      }
      out_ += "\n";
      start.assign(13, ' ');
    }
  }

  void WriteMapping(size_t index) {
    const profile::Mapping& mapping = profile_.mappings[index];
    AppendFormat(&out_, "%llu: 0x%llx/0x%llx/0x%llx ", Wide(mapping.id), Wide(mapping.start),
                 Wide(mapping.limit), Wide(mapping.offset));
    out_ += Text(mapping.file) + " " + Text(mapping.build_id) + " ";
    if (mapping.has_functions) out_ += "[FN]";
    if (mapping.has_filenames) out_ += "[FL]";
    if (mapping.has_line_numbers) out_ += "[LN]";
    if (mapping.has_inline_frames) out_ += "[IN]";
    out_ += "\n";
  }

  const Profile& profile_;
  std::string& out_;
};

}  // namespace

Status WriteRaw(Report* report, std::string* out) {
  RawWriter(report->profile(), out).Run();
  return Status::Ok();
}

}  // namespace cpprof::report
