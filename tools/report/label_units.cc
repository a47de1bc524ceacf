// SPDX-License-Identifier: Apache-2.0
//
// See label_units.h.
#include "tools/report/label_units.h"

#include <set>
#include <vector>

#include "tools/base/strings.h"

namespace cpprof::report {
namespace {

using profile::StringId;

struct KeyUnits {
  StringId unit = 0;
  std::set<StringId> others;
};

std::string InferredUnit(std::string_view key) {
  return key == "alignment" || key == "request" ? "bytes" : std::string(key);
}

}  // namespace

std::map<std::string, std::string> FindLabelUnits(const profile::Profile& profile,
                                                  Notices* notices) {
  std::map<StringId, KeyUnits> keys;
  for (size_t row = 0; profile.samples.has_labels() && row < profile.samples.size(); ++row) {
    for (const profile::Label& label : profile.samples.Labels(row)) {
      if (!label.numeric) continue;
      KeyUnits& key = keys[label.key];
      if (label.unit == 0) continue;
      if (key.unit == 0) key.unit = label.unit;
      if (key.unit != label.unit) key.others.insert(label.unit);
    }
  }
  std::map<std::string, std::string> units;
  for (const auto& [id, key] : keys) {
    const std::string name(profile.Text(id));
    units[name] = key.unit == 0 ? InferredUnit(name) : std::string(profile.Text(key.unit));
    if (key.others.empty()) continue;
    std::set<std::string> others;
    for (const StringId other : key.others) others.emplace(profile.Text(other));
    notices->Print("For tag " + name + " used unit " + units[name] + ", also encountered unit(s) " +
                   Join(std::vector<std::string>(others.begin(), others.end()), ", "));
  }
  return units;
}

}  // namespace cpprof::report
