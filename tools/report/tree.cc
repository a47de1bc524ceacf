// SPDX-License-Identifier: Apache-2.0
//
// tree and peek: each node between its callers and its callees.
#include "tools/base/arithmetic.h"
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"
#include "tools/report/formats.h"
#include "tools/report/header.h"
#include "tools/report/trimmed_graph.h"

namespace cpprof::report {
namespace {

constexpr std::string_view kSeparator =
    "----------------------------------------------------------+-------------\n";
constexpr std::string_view kLegend =
    "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n";

void WriteEdges(const Report& report, const graph::Graph& graph,
                const std::vector<graph::EdgeIndex>& edges, int64_t cum, bool callers,
                std::string* out) {
  for (const graph::EdgeIndex index : edges) {
    const graph::Edge& edge = graph.edges[index];
    const graph::NodeIndex other = callers ? edge.source : edge.destination;
    *out += PadLeft(report.FormatValue(edge.weight), 50) + " " +
            measurement::Percentage(edge.weight, cum) + " |   " + graph.Name(other) +
            (edge.is_inline ? " (inline)\n" : "\n");
  }
}

}  // namespace

Status WriteTree(Report* report, std::string* out) {
  const TrimmedGraph trimmed = BuildTrimmedGraph(report);
  const graph::Graph& graph = trimmed.graph;
  report->SelectOutputUnit(graph);
  *out += Join(ReportHeader(*report, trimmed, /*drawing=*/false), "\n") + "\n";
  *out += kSeparator;
  *out += kLegend;
  const re2::RE2* symbol = report->options().symbol.get();
  const int64_t total = report->total();
  int64_t flat_sum = 0;
  bool matched = false;
  for (const graph::NodeIndex index : graph.order) {
    const std::string name = graph.Name(index);
    if (symbol != nullptr && !re2::RE2::PartialMatch(name, *symbol)) continue;
    matched = true;
    const int64_t flat = graph.nodes[index].FlatValue();
    const int64_t cum = graph.nodes[index].CumValue();
    *out += kSeparator;
    WriteEdges(*report, graph, graph.SortedIn(index), cum, /*callers=*/true, out);
    flat_sum = WrapAdd(flat_sum, flat);
    *out += PadLeft(report->FormatValue(flat), 10) + " " + measurement::Percentage(flat, total) +
            " " + measurement::Percentage(flat_sum, total) + " " +
            PadLeft(report->FormatValue(cum), 10) + " " + measurement::Percentage(cum, total) +
            "                | " + name + "\n";
    WriteEdges(*report, graph, graph.SortedOut(index), cum, /*callers=*/false, out);
  }
  if (!graph.order.empty()) *out += kSeparator;
  if (symbol != nullptr && !matched) {
    return Status::Error("no matches found for regexp: " + symbol->pattern());
  }
  return Status::Ok();
}

}  // namespace cpprof::report
