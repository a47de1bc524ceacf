// SPDX-License-Identifier: Apache-2.0
//
// The labels of the samples of a node, summed by value: what the graph shows in small boxes beside
// it. A sample's text labels together are one tag; its numbers are tags of their own, grouped by
// the text they came with ("" for samples without text labels).
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace cpprof::graph {

struct Tag {
  std::string name;
  std::string unit;  // of a number; "" for text
  int64_t value = 0;
  int64_t flat = 0;
  int64_t flat_divisor = 0;
  int64_t cum = 0;
  int64_t cum_divisor = 0;

  int64_t FlatValue() const;
  int64_t CumValue() const;
};

using TagMap = std::map<std::string, Tag>;

struct NodeTags {
  TagMap labels;
  std::map<std::string, TagMap> numbers;
};

}  // namespace cpprof::graph
