// SPDX-License-Identifier: Apache-2.0
//
// top and text: one row a node.
#include "tools/base/arithmetic.h"
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"
#include "tools/report/formats.h"
#include "tools/report/header.h"
#include "tools/report/trimmed_graph.h"

namespace cpprof::report {
namespace {

const char* InlineMark(const graph::Graph& graph, const graph::Node& node) {
  switch (InliningOf(graph, node)) {
    case Inlining::kNever:
      return "";
    case Inlining::kSometimes:
      return " (partial-inline)";
    case Inlining::kAlways:
      break;
  }
  return " (inline)";
}

}  // namespace

Status WriteText(Report* report, std::string* out) {
  const TrimmedGraph trimmed = BuildTrimmedGraph(report);
  const graph::Graph& graph = trimmed.graph;
  report->SelectOutputUnit(graph);
  *out += Join(ReportHeader(*report, trimmed, /*drawing=*/false), "\n") + "\n";
  *out += "      flat  flat%   sum%        cum   cum%\n";
  int64_t flat_sum = 0;
  const int64_t total = report->total();
  for (const graph::NodeIndex index : graph.order) {
    const graph::Node& node = graph.nodes[index];
    const int64_t flat = node.FlatValue();
    const int64_t cum = node.CumValue();
    flat_sum = WrapAdd(flat_sum, flat);
    *out += PadLeft(report->FormatValue(flat), 10) + " " + measurement::Percentage(flat, total) +
            " " + measurement::Percentage(flat_sum, total) + " " +
            PadLeft(report->FormatValue(cum), 10) + " " + measurement::Percentage(cum, total) +
            "  " + graph.Name(index) + InlineMark(graph, node) + "\n";
  }
  return Status::Ok();
}

}  // namespace cpprof::report
