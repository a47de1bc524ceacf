// SPDX-License-Identifier: Apache-2.0
//
// The call graph of a profile: how much each node costs, and which node called which.
//
//     flat   value of the samples whose leaf the node is
//     cum    value of the samples it occurs in, once each however often it recurs
//     edge   value of the samples in which the source calls the destination, once each
//
// Nodes that are not kept leave gaps in stacks; an edge over a gap is residual. A call that was
// inlined everywhere makes an inline edge.
//
// A graph is built from samples (Build) and edited by trimming (trim.h). Nodes and edges never move
// in `nodes` and `edges`: `order` lists the nodes a report shows, and a removed edge is only taken
// out of its nodes' lists. With call_tree, the same NodeInfo occurs once for each path to it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/graph/node_table.h"
#include "tools/graph/tags.h"
#include "tools/profile/profile.h"

namespace cpprof::graph {

using EdgeIndex = uint32_t;

struct Edge {
  NodeIndex source = kNoNode;
  NodeIndex destination = kNoNode;
  int64_t weight = 0;
  int64_t weight_divisor = 0;
  bool residual = false;
  bool is_inline = false;

  int64_t WeightValue() const;
};

struct Node {
  NodeIndex info = kNoNode;  // in the node table
  int64_t flat = 0;
  int64_t flat_divisor = 0;
  int64_t cum = 0;
  int64_t cum_divisor = 0;
  // Edge indices, in the order of their creation.
  std::vector<EdgeIndex> in;
  std::vector<EdgeIndex> out;

  // With a mean divisor, the value per unit of it.
  int64_t FlatValue() const;
  int64_t CumValue() const;
};

// Which samples count how much.
struct Weighting {
  size_t column = 0;  // of the sample's values
  bool mean = false;  // divide by the first value
};

enum class Edges {
  kNone,         // nodes only
  kInlineMarks,  // only edges into nodes that may be inlined: all that -top asks about
  kAll,
};

struct BuildOptions {
  Weighting weighting;
  Edges edges = Edges::kAll;
  bool call_tree = false;
  bool drop_negative = false;
  // By node of the table; empty: all are kept. Not for call trees.
  std::vector<char> kept;
  // If set, nodes get tags from the samples' labels, with numbers written by this function.
  std::function<std::string(int64_t value, std::string_view unit)> format_tag;
  // The unit of the "bytes" label, the one number that becomes a tag.
  std::string bytes_unit;
};

struct Graph {
  std::shared_ptr<const NodeTable> table;
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  std::vector<NodeTags> tags;  // by node; empty without format_tag
  std::vector<NodeIndex> order;
  // In a call tree, the parent of a node, kNoNode for a root. Empty otherwise.
  std::vector<NodeIndex> parents;

  const NodeInfo& Info(NodeIndex node) const { return table->Info(nodes[node].info); }
  std::string Name(NodeIndex node) const { return table->PrintableName(nodes[node].info); }

  // In-edges and out-edges by |weight|, largest first, then by names.
  std::vector<EdgeIndex> SortedIn(NodeIndex node) const { return Sorted(nodes[node].in); }
  std::vector<EdgeIndex> SortedOut(NodeIndex node) const { return Sorted(nodes[node].out); }
  std::vector<EdgeIndex> Sorted(std::vector<EdgeIndex> list) const;
  void RemoveEdge(EdgeIndex edge);

  // Sums over `order`.
  int64_t FlatSum() const;
};

Graph Build(const profile::Profile& profile, std::shared_ptr<const NodeTable> table,
            const BuildOptions& options);

}  // namespace cpprof::graph
