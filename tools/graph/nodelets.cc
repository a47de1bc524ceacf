// SPDX-License-Identifier: Apache-2.0
//
// See nodelets.h.
#include "tools/graph/nodelets.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tools/base/arithmetic.h"
#include "tools/base/strings.h"
#include "tools/graph/trim.h"
#include "tools/measurement/measurement.h"

namespace cpprof::graph {
namespace {

using Tags = std::vector<Tag>;

// Largest first.
Tags Sorted(const TagMap& map, bool flat) {
  Tags tags;
  for (const auto& [name, tag] : map) tags.push_back(tag);
  std::stable_sort(tags.begin(), tags.end(), [&](const Tag& a, const Tag& b) {
    if (!flat && a.cum != b.cum) return WrapAbs(a.cum) > WrapAbs(b.cum);
    if (a.flat != b.flat) return WrapAbs(a.flat) > WrapAbs(b.flat);
    return a.name < b.name;
  });
  return tags;
}

double Distance(const Tag& a, const Tag& b) {
  const double other = measurement::Scale(b.value, b.unit, a.unit).value;
  return std::fabs(other - static_cast<double>(a.value));
}

// The tags of a group as one, named after its smallest and largest value.
Tag Merge(const Tags& group) {
  Tag merged = group.front();
  const Tag* low = &group.front();
  const Tag* high = &group.front();
  for (size_t i = 1; i < group.size(); ++i) {
    const Tag& tag = group[i];
    const auto in_unit_of = [&](const Tag& other) {
      return TruncateToInt(measurement::Scale(tag.value, tag.unit, other.unit).value);
    };
    if (in_unit_of(*low) < low->value) low = &tag;
    if (in_unit_of(*high) > high->value) high = &tag;
    merged.flat = WrapAdd(merged.flat, tag.flat);
    merged.flat_divisor = WrapAdd(merged.flat_divisor, tag.flat_divisor);
    merged.cum = WrapAdd(merged.cum, tag.cum);
    merged.cum_divisor = WrapAdd(merged.cum_divisor, tag.cum_divisor);
  }
  // In their own units: allocations are much smaller than sums of them.
  merged.name = measurement::Label(low->value, low->unit);
  if (group.size() > 1) merged.name += ".." + measurement::Label(high->value, high->unit);
  return merged;
}

// At most kMaxNodelets tags: the others join the nearest of the largest.
Tags Collapse(const TagMap& map, bool flat) {
  Tags tags = Sorted(map, flat);
  if (tags.size() <= kMaxNodelets) return tags;
  std::vector<Tags> groups;
  for (size_t i = 0; i < tags.size(); ++i) {
    if (i < kMaxNodelets) {
      groups.push_back({tags[i]});
      continue;
    }
    const auto nearest =
        std::min_element(groups.begin(), groups.end(), [&](const Tags& a, const Tags& b) {
          return Distance(tags[i], a.front()) < Distance(tags[i], b.front());
        });
    nearest->push_back(tags[i]);
  }
  TagMap merged;
  for (const Tags& group : groups) {
    const Tag tag = Merge(group);
    merged.emplace(std::to_string(merged.size()) + " " + tag.name, tag);
  }
  return Sorted(merged, flat);
}

class NodeletComposer {
 public:
  NodeletComposer(const NodeTags& tags, bool flat,
                  const std::function<std::string(int64_t)>& format_value)
      : tags_(tags), flat_(flat), format_value_(format_value) {}

  std::string Run(const std::string& node) {
    const Tags labels = Sorted(tags_.labels, flat_);
    for (size_t i = 0; i < std::min(labels.size(), kMaxNodelets); ++i) {
      const Tag& label = labels[i];
      const int64_t value = flat_ ? label.FlatValue() : label.CumValue();
      if (value == 0) continue;
      const std::string box = node + "_" + std::to_string(i);
      AddBox(node, box, label.name, value, "");
      AddNumbers(label.name, box);
    }
    AddNumbers("", node);
    return std::move(out_);
  }

 private:
  void AddNumbers(const std::string& text, const std::string& source) {
    const auto found = tags_.numbers.find(text);
    if (found == tags_.numbers.end()) return;
    const Tags numbers = Collapse(found->second, flat_);
    for (size_t i = 0; i < numbers.size(); ++i) {
      const Tag& tag = numbers[i];
      const bool own = flat_ || tag.FlatValue() == tag.CumValue();
      const int64_t value = own ? tag.FlatValue() : tag.CumValue();
      if (value == 0) continue;
      AddBox(source, "N" + source + "_" + std::to_string(i), tag.name, value,
             own ? "" : " style=\"dotted\"");
    }
  }

  void AddBox(const std::string& source, const std::string& box, const std::string& name,
              int64_t value, const char* style) {
    const std::string text = format_value_(value);
    out_ += box + " [label = \"" + name + "\" id=\"" + box +
            "\" fontsize=8 shape=box3d tooltip=\"" + text + "\"]\n";
    out_ += source + " -> " + box + " [label=\" " + text + "\" weight=100 tooltip=\"" + text +
            "\" labeltooltip=\"" + text + "\"" + style + "]\n";
  }

  const NodeTags& tags_;
  const bool flat_;
  const std::function<std::string(int64_t)>& format_value_;
  std::string out_;
};

}  // namespace

std::string ComposeNodelets(const NodeTags& tags, int number, bool flat,
                            const std::function<std::string(int64_t)>& format_value) {
  return NodeletComposer(tags, flat, format_value).Run("N" + std::to_string(number));
}

}  // namespace cpprof::graph
