// SPDX-License-Identifier: Apache-2.0
//
// See graph.h.
#include "tools/graph/graph.h"

#include <algorithm>

#include "tools/base/arithmetic.h"

namespace cpprof::graph {
namespace {

int64_t Mean(int64_t value, int64_t divisor) {
  return divisor == 0 ? value : WrapDivide(value, divisor);
}

}  // namespace

int64_t Edge::WeightValue() const { return Mean(weight, weight_divisor); }
int64_t Node::FlatValue() const { return Mean(flat, flat_divisor); }
int64_t Node::CumValue() const { return Mean(cum, cum_divisor); }
int64_t Tag::FlatValue() const { return Mean(flat, flat_divisor); }
int64_t Tag::CumValue() const { return Mean(cum, cum_divisor); }

std::vector<EdgeIndex> Graph::Sorted(std::vector<EdgeIndex> list) const {
  // Names are made only where weights are equal.
  std::sort(list.begin(), list.end(), [&](EdgeIndex a, EdgeIndex b) {
    const Edge& x = edges[a];
    const Edge& y = edges[b];
    if (x.weight != y.weight) {
      const int64_t left = WrapAbs(x.weight);
      const int64_t right = WrapAbs(y.weight);
      if (left != right) return left > right;
    }
    if (x.source != y.source) {
      const int compared = Name(x.source).compare(Name(y.source));
      if (compared != 0) return compared < 0;
    }
    if (x.destination != y.destination) {
      const int compared = Name(x.destination).compare(Name(y.destination));
      if (compared != 0) return compared < 0;
    }
    return a < b;
  });
  return list;
}

void Graph::RemoveEdge(EdgeIndex edge) {
  std::erase(nodes[edges[edge].source].out, edge);
  std::erase(nodes[edges[edge].destination].in, edge);
}

int64_t Graph::FlatSum() const {
  int64_t sum = 0;
  for (const NodeIndex node : order) sum = WrapAdd(sum, nodes[node].flat);
  return sum;
}

}  // namespace cpprof::graph
