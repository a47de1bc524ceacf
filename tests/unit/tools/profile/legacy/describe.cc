// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tools/profile/legacy/describe.h"

#include "tools/base/strings.h"

namespace cpprof::profile::legacy {

std::string DescribeTypes(const Profile& profile) {
  std::string text;
  for (const ValueType& type : profile.sample_types) {
    if (!text.empty()) text += ' ';
    text += std::string(profile.Text(type.type)) + "/" + std::string(profile.Text(type.unit));
  }
  return text;
}

std::string DescribeSamples(const Profile& profile) {
  std::string text;
  for (size_t row = 0; row < profile.samples.size(); ++row) {
    for (const int64_t value : profile.samples.Values(row)) text += std::to_string(value) + " ";
    text += "@";
    for (const LocationIndex location : profile.samples.Stack(row)) {
      const auto lines = profile.Lines(location);
      if (lines.empty()) {
        AppendFormat(&text, " %llx",
                     static_cast<unsigned long long>(profile.locations[location].address));
      } else {
        const Function& function = profile.functions[lines[0].function];
        text += " " + std::string(profile.Text(function.name)) + "|" +
                std::string(profile.Text(function.filename)) + ":" + std::to_string(lines[0].line);
      }
    }
    for (const Label& label : profile.samples.Labels(row)) {
      text +=
          " {" + std::string(profile.Text(label.key)) + "=" + std::to_string(label.number) + "}";
    }
    text += "\n";
  }
  return text;
}

std::string DescribeMappings(const Profile& profile) {
  std::string text;
  for (const Mapping& mapping : profile.mappings) {
    AppendFormat(&text, "%llx-%llx+%llx", static_cast<unsigned long long>(mapping.start),
                 static_cast<unsigned long long>(mapping.limit),
                 static_cast<unsigned long long>(mapping.offset));
    for (const StringId part : {mapping.file, mapping.build_id}) {
      if (part != 0) text += " " + std::string(profile.Text(part));
    }
    text += "\n";
  }
  return text;
}

std::string SamplesOf(std::string_view bytes) {
  const auto profile = Parse(bytes);
  return profile.ok() ? DescribeSamples(*profile) : "error: " + profile.message();
}

}  // namespace cpprof::profile::legacy
