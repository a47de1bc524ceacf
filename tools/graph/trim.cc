// SPDX-License-Identifier: Apache-2.0
//
// See trim.h.
#include "tools/graph/trim.h"

#include <algorithm>
#include <cmath>

#include "tools/base/arithmetic.h"

namespace cpprof::graph {
namespace {

// A node with all it is compared by; names are made when values are equal for the first time.
struct SortRow {
  NodeIndex node;
  int64_t first;   // larger comes first
  int64_t second;  // after the name
};

double EdgeEntropy(const Graph& graph, const std::vector<EdgeIndex>& edges, int64_t self) {
  int64_t total = self;
  for (const EdgeIndex edge : edges) {
    if (graph.edges[edge].weight > 0) total = WrapAdd(total, graph.edges[edge].weight);
  }
  if (total == 0) return 0;
  double score = 0;
  const auto add = [&](int64_t part) {
    const double fraction = static_cast<double>(WrapAbs(part)) / static_cast<double>(total);
    score += -fraction * std::log2(fraction);
  };
  for (const EdgeIndex edge : edges) add(graph.edges[edge].weight);
  if (self > 0) add(self);
  return score;
}

void TrimTagMap(TagMap* tags, int64_t cutoff) {
  std::erase_if(*tags, [&](const auto& entry) {
    return WrapAbs(entry.second.flat) < cutoff && WrapAbs(entry.second.cum) < cutoff;
  });
}

size_t CountTags(const NodeTags& tags) {
  const auto with_flat = [](const TagMap& map) {
    return std::count_if(map.begin(), map.end(),
                         [](const auto& entry) { return entry.second.flat != 0; });
  };
  auto count = with_flat(tags.labels);
  for (const auto& [text, numbers] : tags.numbers) count += with_flat(numbers);
  return static_cast<size_t>(count);
}

// Whether `edge`'s source reaches its destination without it.
bool IsRedundant(const Graph& graph, EdgeIndex edge, std::vector<char>* seen) {
  seen->assign(graph.nodes.size(), false);
  const NodeIndex source = graph.edges[edge].source;
  std::vector<NodeIndex> queue = {graph.edges[edge].destination};
  (*seen)[queue.front()] = true;
  for (size_t next = 0; next < queue.size(); ++next) {
    for (const EdgeIndex in : graph.nodes[queue[next]].in) {
      const NodeIndex caller = graph.edges[in].source;
      if (in == edge || (*seen)[caller]) continue;
      if (caller == source) return true;
      (*seen)[caller] = true;
      queue.push_back(caller);
    }
  }
  return false;
}

}  // namespace

void SortNodes(Graph* graph, NodeOrder order) {
  std::vector<SortRow> rows;
  rows.reserve(graph->order.size());
  for (const NodeIndex i : graph->order) {
    const Node& node = graph->nodes[i];
    switch (order) {
      case NodeOrder::kFlat:
        rows.push_back({i, WrapAbs(node.flat), WrapAbs(node.cum)});
        break;
      case NodeOrder::kCum:
        rows.push_back({i, WrapAbs(node.cum), WrapAbs(node.flat)});
        break;
      case NodeOrder::kEntropy:
        rows.push_back({i, WrapAbs(EntropyScore(*graph, i)), WrapAbs(node.flat)});
    }
  }
  std::vector<std::string> names(graph->nodes.size());
  const auto name = [&](NodeIndex node) -> const std::string& {
    if (names[node].empty()) names[node] = graph->Name(node);
    return names[node];
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const SortRow& a, const SortRow& b) {
    if (a.first != b.first) return a.first > b.first;
    const int compared = name(a.node).compare(name(b.node));
    if (compared != 0) return compared < 0;
    if (a.second != b.second) return a.second > b.second;
    return graph->table->SortKey(graph->nodes[a.node].info) <
           graph->table->SortKey(graph->nodes[b.node].info);
  });
  for (size_t i = 0; i < rows.size(); ++i) graph->order[i] = rows[i].node;
}

int64_t EntropyScore(const Graph& graph, NodeIndex index) {
  const Node& node = graph.nodes[index];
  double score = 0;
  score += node.in.empty() ? 1 : EdgeEntropy(graph, node.in, 0);
  score += node.out.empty() ? 1 : EdgeEntropy(graph, node.out, node.flat);
  return WrapAdd(TruncateToInt(score * static_cast<double>(node.cum)), node.flat);
}

std::vector<NodeIndex> NodesAbove(const Graph& graph, int64_t cutoff) {
  std::vector<NodeIndex> above;
  for (const NodeIndex node : graph.order) {
    if (WrapAbs(graph.nodes[node].cum) >= cutoff) above.push_back(node);
  }
  return above;
}

std::vector<NodeIndex> TopNodes(const Graph& graph, size_t max_nodes, bool drawn) {
  if (drawn && max_nodes > 0) {
    size_t count = 0;
    for (size_t i = 0; i < graph.order.size(); ++i) {
      const size_t tags = graph.tags.empty() ? 0 : CountTags(graph.tags[graph.order[i]]);
      count += 1 + std::min(tags, kMaxNodelets);
      if (count >= max_nodes) {
        max_nodes = i + 1;
        break;
      }
    }
  }
  const size_t count = std::min(max_nodes, graph.order.size());
  return {graph.order.begin(), graph.order.begin() + static_cast<std::ptrdiff_t>(count)};
}

void TrimTree(Graph* graph, const std::vector<NodeIndex>& kept) {
  std::vector<char> is_kept(graph->nodes.size(), false);
  for (const NodeIndex node : kept) is_kept[node] = true;
  const std::vector<NodeIndex> old_order = std::move(graph->order);
  graph->order.clear();
  for (const NodeIndex index : old_order) {
    Node& node = graph->nodes[index];
    if (is_kept[index]) {
      graph->order.push_back(index);
      continue;
    }
    if (node.in.empty()) {
      // Its children become roots.
      for (const EdgeIndex out : node.out) {
        std::erase(graph->nodes[graph->edges[out].destination].in, out);
      }
      continue;
    }
    const EdgeIndex up = node.in.front();
    const bool up_inline = graph->edges[up].is_inline;
    Node& parent = graph->nodes[graph->edges[up].source];
    std::erase(parent.out, up);
    for (const EdgeIndex out : node.out) {
      Edge& edge = graph->edges[out];
      edge.source = graph->edges[up].source;
      edge.residual = true;
      edge.is_inline &= up_inline;
      parent.out.push_back(out);
    }
  }
  RemoveRedundantEdges(graph);
}

void TrimTags(Graph* graph, int64_t cutoff) {
  if (graph->tags.empty()) return;
  for (const NodeIndex node : graph->order) {
    TrimTagMap(&graph->tags[node].labels, cutoff);
    for (auto& [text, numbers] : graph->tags[node].numbers) TrimTagMap(&numbers, cutoff);
  }
}

size_t TrimEdges(Graph* graph, int64_t cutoff) {
  // All at once: taking edges out one by one is quadratic for a node that everybody calls.
  std::vector<char> is_small(graph->edges.size(), false);
  size_t dropped = 0;
  for (const NodeIndex node : graph->order) {
    dropped += std::erase_if(graph->nodes[node].in, [&](EdgeIndex edge) {
      is_small[edge] = WrapAbs(graph->edges[edge].weight) < cutoff;
      return is_small[edge] != 0;
    });
  }
  if (dropped == 0) return 0;
  for (Node& node : graph->nodes) {
    std::erase_if(node.out, [&](EdgeIndex edge) { return is_small[edge] != 0; });
  }
  return dropped;
}

void RemoveRedundantEdges(Graph* graph) {
  std::vector<char> seen;
  // Lightest nodes first, and their lightest edges, so that the heavy connections stay.
  for (size_t i = graph->order.size(); i > 0; --i) {
    const std::vector<EdgeIndex> in = graph->SortedIn(graph->order[i - 1]);
    for (size_t k = in.size(); k > 0; --k) {
      // A residual edge heavier than one that is not stays: its absence would puzzle.
      if (!graph->edges[in[k - 1]].residual) break;
      if (IsRedundant(*graph, in[k - 1], &seen)) graph->RemoveEdge(in[k - 1]);
    }
  }
}

}  // namespace cpprof::graph
