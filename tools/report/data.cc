// SPDX-License-Identifier: Apache-2.0
//
// See data.h.
#include "tools/report/data.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "tools/base/arithmetic.h"
#include "tools/base/regexp.h"
#include "tools/measurement/measurement.h"
#include "tools/report/trimmed_graph.h"

namespace cpprof::report {
namespace {

int64_t Divided(const Report& report, int64_t value) {
  const double ratio = report.options().ratio;
  const bool as_it_is = ratio <= 0 || ratio == 1;
  return as_it_is ? value : TruncateToInt(static_cast<double>(value) * ratio);
}

std::vector<DataEdge> CollectEdges(const Report& report, const graph::Graph& graph,
                                   const std::vector<graph::EdgeIndex>& edges, bool callers) {
  std::vector<DataEdge> data;
  for (const graph::EdgeIndex index : edges) {
    const graph::Edge& edge = graph.edges[index];
    data.push_back({.name = graph.Name(callers ? edge.source : edge.destination),
                    .value = Divided(report, edge.weight),
                    .is_inline = edge.is_inline,
                    .is_residual = edge.residual});
  }
  return data;
}

DataNode MakeNode(const Report& report, const graph::Graph& graph, graph::NodeIndex index) {
  const graph::NodeInfo& info = graph.Info(index);
  DataNode node{.name = graph.Name(index),
                .function = std::string(graph.table->Text(info.name)),
                .file = std::string(graph.table->Text(info.file)),
                .line = info.line,
                .address = info.address,
                .inlined = {},
                .flat = Divided(report, graph.nodes[index].FlatValue()),
                .cum = Divided(report, graph.nodes[index].CumValue()),
                .callers = {},
                .callees = {}};
  switch (InliningOf(graph, graph.nodes[index])) {
    case Inlining::kNever:
      node.inlined = "no";
      break;
    case Inlining::kSometimes:
      node.inlined = "partly";
      break;
    case Inlining::kAlways:
      node.inlined = "yes";
      break;
  }
  return node;
}

}  // namespace

Result<DataGraph> CollectGraph(Report* report) {
  const TrimmedGraph trimmed = BuildTrimmedGraph(report);
  const graph::Graph& graph = trimmed.graph;
  const Options& options = report->options();
  const re2::RE2* symbol = options.symbol.get();
  const bool with_edges = options.layout == Layout::kTree;
  DataGraph data;
  data.node_count = trimmed.original_count;
  data.dropped_nodes = trimmed.dropped_nodes;
  data.node_cutoff = Divided(*report, NodeCutoff(*report));
  for (const graph::NodeIndex index : graph.order) {
    DataNode node = MakeNode(*report, graph, index);
    if (symbol != nullptr && !Matches(node.name, *symbol)) continue;
    data.flat_shown = WrapAdd(data.flat_shown, node.flat);
    node.flat_sum = data.flat_shown;
    if (with_edges) {
      node.callers = CollectEdges(*report, graph, graph.SortedIn(index), /*callers=*/true);
      node.callees = CollectEdges(*report, graph, graph.SortedOut(index), /*callers=*/false);
    }
    data.nodes.push_back(std::move(node));
  }
  if (symbol != nullptr && data.nodes.empty()) {
    return Status::Error("no matches found for regexp: " + symbol->pattern());
  }
  return data;
}

std::vector<DataLabel> CollectLabels(const Report& report) {
  const profile::Profile& profile = report.profile();
  using Key = std::tuple<std::string, bool, int64_t, std::string>;
  std::map<Key, int64_t> sums;
  for (size_t row = 0; profile.samples.has_labels() && row < profile.samples.size(); ++row) {
    const int64_t value = profile.samples.Values(row)[report.options().weighting.column];
    for (const profile::Label& label : profile.samples.Labels(row)) {
      std::string text(label.numeric ? "" : profile.Text(label.text));
      int64_t& sum = sums[{std::string(profile.Text(label.key)), label.numeric, label.number,
                           std::move(text)}];
      sum = WrapAdd(sum, value);
    }
  }
  std::vector<DataLabel> labels;
  for (const auto& [key, sum] : sums) {
    const auto& [name, is_number, number, text] = key;
    if (labels.empty() || labels.back().key != name) {
      labels.push_back({.key = name, .unit = report.LabelUnit(name), .values = {}});
    }
    DataLabel& label = labels.back();
    const int64_t value = Divided(report, sum);
    label.total = WrapAdd(label.total, value);
    label.values.push_back(
        {.text = is_number
                     ? measurement::ScaledLabel(number, label.unit, report.options().output_unit)
                     : text,
         .is_number = is_number,
         .number = number,
         .value = value});
  }
  for (DataLabel& label : labels) {
    std::stable_sort(label.values.begin(), label.values.end(),
                     [](const DataLabelValue& a, const DataLabelValue& b) {
                       return WrapAbs(a.value) > WrapAbs(b.value);
                     });
  }
  return labels;
}

int64_t DataTotal(const Report& report) { return Divided(report, report.total()); }

double DataPercent(int64_t value, int64_t total) {
  return total == 0 ? 0 : static_cast<double>(value) / static_cast<double>(total) * 100;
}

}  // namespace cpprof::report
