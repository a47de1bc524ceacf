// SPDX-License-Identifier: Apache-2.0
//
// top, tree, peek and tags as data: what their JSON and CSV forms write. Values are whole numbers
// in the unit of the samples, divided by divide_by; names are those of the text form.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/base/status.h"
#include "tools/graph/node_table.h"
#include "tools/report/report.h"

namespace cpprof::report {

// A call seen from one of its ends; `name` is the other.
struct DataEdge {
  std::string name;
  int64_t value = 0;
  bool is_inline = false;
  bool is_residual = false;  // over nodes that are not shown
};

struct DataNode {
  std::string name;
  // Parts of the name; empty or 0 where the granularity does not tell them apart.
  std::string function;
  std::string file;
  int64_t line = 0;
  uint64_t address = 0;
  std::string_view inlined;  // "no", "partly", "yes"
  int64_t flat = 0;
  int64_t flat_sum = 0;  // of this node and those before it
  int64_t cum = 0;
  std::vector<DataEdge> callers;  // tree and peek only
  std::vector<DataEdge> callees;
};

struct DataGraph {
  std::vector<DataNode> nodes;
  int64_t flat_shown = 0;
  size_t node_count = 0;     // before the limit on their number
  size_t dropped_nodes = 0;  // with a cum below node_cutoff
  int64_t node_cutoff = 0;
};

struct DataLabelValue {
  std::string text;  // as the text form shows it
  bool is_number = false;
  int64_t number = 0;
  int64_t value = 0;
};

struct DataLabel {
  std::string key;
  std::string unit;  // of its numbers
  int64_t total = 0;
  std::vector<DataLabelValue> values;  // largest first
};

// An error if peek's expression matches nothing.
Result<DataGraph> CollectGraph(Report* report);
std::vector<DataLabel> CollectLabels(const Report& report);

// The total in the same unit; percentages refer to it.
int64_t DataTotal(const Report& report);
// In percent of `total`, negative for what became less; 0 of nothing.
double DataPercent(int64_t value, int64_t total);

}  // namespace cpprof::report
