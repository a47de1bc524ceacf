// SPDX-License-Identifier: Apache-2.0
//
// How much each node costs, without any edge: the sums that decide which nodes a report shows. It
// is the longest loop of most reports (a million samples of 40 frames), so it does nothing else and
// is shared out to all processors when there is enough to do.
#pragma once

#include <vector>

#include "tools/graph/graph.h"

namespace cpprof::graph {

struct NodeSum {
  int64_t flat = 0;
  int64_t cum = 0;
};

// By node of the table.
std::vector<NodeSum> SumNodes(const profile::Profile& profile, const NodeTable& table,
                              size_t column);

}  // namespace cpprof::graph
