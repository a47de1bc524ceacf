// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tools/example_profile.h"

#include <utility>

namespace cpprof {

ExampleBuilder::ExampleBuilder() {
  profile_.AddSampleType("samples", "count");
  profile_.AddSampleType("cpu", "nanoseconds");
  profile::Mapping mapping{.start = 0x1000, .limit = 0x9000};
  mapping.file = profile_.Intern("/bin/example");
  mapping.has_functions = true;
  profile_.AddMapping(mapping);
}

profile::LocationIndex ExampleBuilder::Location(const std::string& chain) {
  const auto found = locations_.find(chain);
  if (found != locations_.end()) return found->second;
  const profile::LocationIndex location =
      profile_.AddLocation(0x1000 + 0x10 * locations_.size(), 0);
  std::vector<profile::Line> lines;
  std::string rest = chain;
  while (!rest.empty()) {
    const size_t end = rest.find('<');
    const std::string name = rest.substr(0, end);
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
    lines.push_back({.function = Function(name), .line = 10});
  }
  profile_.SetLines(location, lines);
  locations_[chain] = location;
  return location;
}

void ExampleBuilder::Add(const std::vector<std::string>& stack, int64_t value,
                         std::vector<profile::Label> labels) {
  std::vector<profile::LocationIndex> locations;
  for (const std::string& chain : stack) locations.push_back(Location(chain));
  const int64_t values[] = {1, value};
  profile_.AddSample(locations, values, std::move(labels));
}

profile::FunctionIndex ExampleBuilder::Function(const std::string& name) {
  const auto found = functions_.find(name);
  if (found != functions_.end()) return found->second;
  return functions_[name] = profile_.AddFunction(name, name, name + ".cc", 1);
}

profile::Profile ExampleProfile() {
  ExampleBuilder builder;
  profile::Profile& profile = builder.profile();
  builder.Add({"hash", "work", "main"}, 600, {profile.TextLabel("user", "bob")});
  builder.Add({"work", "main"}, 100,
              {profile.NumberLabel("bytes", 2048, "bytes"), profile.TextLabel("user", "eve")});
  builder.Add({"idle", "main"}, 300);
  return profile;
}

std::string ShowSamples(const profile::Profile& profile) {
  std::string out;
  for (size_t row = 0; row < profile.samples.size(); ++row) {
    std::string stack;
    for (const profile::LocationIndex location : profile.samples.Stack(row)) {
      for (const profile::Line& line : profile.Lines(location)) {
        if (!stack.empty()) stack += ';';
        stack += profile.Text(profile.functions[line.function].name);
      }
    }
    out += stack;
    for (const int64_t value : profile.samples.Values(row)) out += " " + std::to_string(value);
    out += "\n";
  }
  return out;
}

}  // namespace cpprof
