// SPDX-License-Identifier: Apache-2.0
//
// Ordering a graph's nodes and leaving out what is too small to show. Sizes are absolute: nodes
// with a large negative value (diffs) are large.
#pragma once

#include <vector>

#include "tools/graph/graph.h"

namespace cpprof::graph {

// How many boxes with tags a node of the drawn graph has at most.
inline constexpr size_t kMaxNodelets = 4;

enum class NodeOrder {
  kFlat,     // |flat|, then name
  kCum,      // |cum|, then name
  kEntropy,  // how much the node adds to a drawing, see EntropyScore
};

void SortNodes(Graph* graph, NodeOrder order);

// A node's cum, weighted by how much its calls spread out: one that only passes on what comes in
// tells little.
int64_t EntropyScore(const Graph& graph, NodeIndex node);

// Nodes of `order` with |cum| >= cutoff; those not listed are to be left out.
std::vector<NodeIndex> NodesAbove(const Graph& graph, int64_t cutoff);

// The first `max_nodes` nodes. `drawn`: tags count as nodes too.
std::vector<NodeIndex> TopNodes(const Graph& graph, size_t max_nodes, bool drawn);

// Takes nodes that are not listed out of a call tree; their children become their parents'.
void TrimTree(Graph* graph, const std::vector<NodeIndex>& kept);

void TrimTags(Graph* graph, int64_t cutoff);
// Removes edges with |weight| < cutoff; returns how many.
size_t TrimEdges(Graph* graph, int64_t cutoff);
// Removes residual edges whose ends are connected another way.
void RemoveRedundantEdges(Graph* graph);

}  // namespace cpprof::graph
