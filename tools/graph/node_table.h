// SPDX-License-Identifier: Apache-2.0
//
// Which node each frame of a profile belongs to. A node is everything a report does not tell apart:
// with functions as granularity, all lines and addresses of a function. The table is computed once
// for a profile, before any sample is looked at; building a graph, and building it again after
// trimming, then only follows indices.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tools/profile/profile.h"

namespace cpprof::graph {

using NodeIndex = uint32_t;
inline constexpr NodeIndex kNoNode = UINT32_MAX;

// The identity of a node. Parts that a report does not tell apart are 0.
struct NodeInfo {
  profile::StringId name = 0;
  profile::StringId file = 0;     // cleaned
  profile::StringId objfile = 0;  // file of the mapping
  uint64_t address = 0;
  int64_t start_line = 0;
  int64_t line = 0;
  int64_t column = 0;

  bool operator==(const NodeInfo&) const = default;
};

class NodeTable {
 public:
  // `object_names`: the same function in two binaries is two nodes. New strings (cleaned file
  // names) go to the profile's table.
  NodeTable(const profile::Profile& profile, bool object_names);

  size_t size() const { return infos_.size(); }
  const NodeInfo& Info(NodeIndex node) const { return infos_[node]; }
  // The nodes of a location's lines, innermost first; never empty.
  std::span<const NodeIndex> Frames(profile::LocationIndex location) const {
    const Slot& slot = slots_[location];
    return {slot.count == 1 ? &slot.node : &frames_[slot.node], slot.count};
  }
  // Frames(location) will be asked for soon.
  void Prefetch(profile::LocationIndex location) const { __builtin_prefetch(&slots_[location]); }
  // Whether any line of this node was inlined into its caller somewhere.
  bool MayBeInlined(NodeIndex node) const { return may_be_inlined_[node]; }

  std::string_view Text(profile::StringId id) const { return strings_->View(id); }
  // What reports call the node: address, name and place, as far as it has them.
  std::string PrintableName(NodeIndex node) const;
  // The parts of that name, with another spelling of the function's and the file's name.
  std::vector<std::string> NameComponents(NodeIndex node, const std::string& name,
                                          const std::string& file) const;
  // Orders nodes that all else leaves equal.
  std::string SortKey(NodeIndex node) const;

 private:
  // The frames of a location. Nearly always it is one, which is here; several are in frames_, from
  // index `node` on.
  struct Slot {
    NodeIndex node = 0;
    uint32_t count = 0;
  };

  NodeIndex Add(const NodeInfo& info);
  void AddSlot(std::span<const NodeIndex> frames);

  std::shared_ptr<profile::StringTable> strings_;
  std::vector<NodeInfo> infos_;
  std::vector<char> may_be_inlined_;
  std::vector<NodeIndex> frames_;
  std::vector<Slot> slots_;
};

}  // namespace cpprof::graph
