// SPDX-License-Identifier: Apache-2.0
//
// dot: the graph for Graphviz, with the report's header as its legend.
#include "tools/graph/dot.h"

#include "tools/report/formats.h"
#include "tools/report/header.h"
#include "tools/report/trimmed_graph.h"

namespace cpprof::report {

Status WriteDot(Report* report, std::string* out) {
  const TrimmedGraph trimmed = BuildTrimmedGraph(report);
  report->SelectOutputUnit(trimmed.graph);
  graph::DotOptions options;
  options.title = report->options().title;
  options.legend = ReportHeader(*report, trimmed, /*drawing=*/true);
  options.format_value = [&](int64_t value) { return report->FormatValue(value); };
  options.total = report->total();
  *out += graph::ComposeDot(trimmed.graph, options);
  return Status::Ok();
}

}  // namespace cpprof::report
