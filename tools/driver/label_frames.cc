// SPDX-License-Identifier: Apache-2.0
//
// See label_frames.h.
#include "tools/driver/label_frames.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"

namespace cpprof::driver {
namespace {

using profile::Label;
using profile::LocationIndex;
using profile::Profile;
using profile::StringId;

std::vector<StringId> KeyList(Profile* profile, std::string_view keys) {
  std::vector<StringId> ids;
  for (const std::string_view key : Split(keys, ',')) {
    if (!key.empty()) ids.push_back(profile->Intern(key));
  }
  return ids;
}

class LabelFrames {
 public:
  LabelFrames(Profile* profile, const std::string& unit) : profile_(*profile), unit_(unit) {}

  // The frames for one sample, the last key first, as stacks are written.
  std::vector<LocationIndex> Make(std::span<const Label> labels, const std::vector<StringId>& keys,
                                  bool* matched) {
    std::vector<LocationIndex> frames;
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
      const std::vector<std::string> values = Values(labels, *key);
      *matched |= !values.empty();
      frames.push_back(FindOrAdd(profile_.Intern(Join(values, ",")), *key));
    }
    return frames;
  }

 private:
  std::vector<std::string> Values(std::span<const Label> labels, StringId key) const {
    // A key has units, or none of its values has one.
    const bool has_units = std::any_of(labels.begin(), labels.end(), [&](const Label& label) {
      return label.numeric && label.key == key && label.unit != 0;
    });
    std::vector<std::string> values;
    for (const Label& label : labels) {
      if (label.key != key) continue;
      if (!label.numeric) {
        values.emplace_back(profile_.Text(label.text));
      } else {
        values.push_back(measurement::ScaledLabel(label.number, profile_.Text(label.unit),
                                                  has_units ? unit_ : ""));
      }
    }
    return values;
  }

  LocationIndex FindOrAdd(StringId name, StringId key) {
    const auto [entry, is_new] = known_.try_emplace({name, key}, profile::kNone);
    if (is_new) {
      profile_.functions.push_back({.name = name, .filename = key});
      const profile::Line line{
          .function = static_cast<profile::FunctionIndex>(profile_.functions.size() - 1)};
      entry->second = profile_.AddLocation(0);
      profile_.SetLines(entry->second, {&line, 1});
    }
    return entry->second;
  }

  Profile& profile_;
  const std::string& unit_;
  std::map<std::pair<StringId, StringId>, LocationIndex> known_;
};

}  // namespace

LabelFrameMatches AddLabelFrames(Profile* profile, std::string_view root_keys,
                                 std::string_view leaf_keys, const std::string& unit) {
  LabelFrameMatches matches;
  const std::vector<StringId> roots = KeyList(profile, root_keys);
  const std::vector<StringId> leaves = KeyList(profile, leaf_keys);
  if (roots.empty() && leaves.empty()) return matches;
  LabelFrames frames(profile, unit);
  profile->samples.Rewrite([&](size_t, profile::Samples::Parts* parts) {
    const auto root = frames.Make(parts->labels, roots, &matches.root);
    const auto leaf = frames.Make(parts->labels, leaves, &matches.leaf);
    parts->stack.insert(parts->stack.end(), root.begin(), root.end());
    parts->stack.insert(parts->stack.begin(), leaf.begin(), leaf.end());
    return true;
  });
  return matches;
}

}  // namespace cpprof::driver
