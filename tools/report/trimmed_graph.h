// SPDX-License-Identifier: Apache-2.0
//
// The graph of a report, reduced to what is worth showing: nodes and edges below a fraction of the
// total go, then all but the first node_count nodes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tools/graph/graph.h"
#include "tools/report/report.h"

namespace cpprof::report {

struct TrimmedGraph {
  graph::Graph graph;
  // For the header: nodes there were before the limit on their number, and what fell to fractions.
  size_t original_count = 0;
  size_t dropped_nodes = 0;
  size_t dropped_edges = 0;
};

TrimmedGraph BuildTrimmedGraph(Report* report);

// Everything, unsorted.
graph::Graph BuildFullGraph(Report* report, graph::Edges edges);

// The cum below which nodes fall to node_fraction, as headers tell it.
int64_t NodeCutoff(const Report& report);

// How the node's function was called. A graph of top has edges only where this needs them.
enum class Inlining { kNever, kSometimes, kAlways };
Inlining InliningOf(const graph::Graph& graph, const graph::Node& node);

}  // namespace cpprof::report
