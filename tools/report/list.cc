// SPDX-License-Identifier: Apache-2.0
//
// list: the source of functions, each line with its values.
#include <algorithm>
#include <climits>
#include <map>
#include <string>
#include <vector>

#include "tools/base/arithmetic.h"
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"
#include "tools/report/formats.h"
#include "tools/report/source_files.h"
#include "tools/report/trimmed_graph.h"

namespace cpprof::report {
namespace {

using graph::NodeIndex;

// Lines shown around those with samples.
constexpr int64_t kMargin = 5;

struct Cost {
  int64_t flat = 0;
  int64_t cum = 0;
};

// One function in one file.
struct Listing {
  int64_t first = INT64_MAX;
  int64_t last = 0;
  Cost sum;
  std::map<int64_t, Cost> lines;

  void Add(const graph::NodeInfo& info, const graph::Node& node) {
    first = std::min(first, info.start_line != 0 ? info.start_line : WrapAdd(info.line, -kMargin));
    last = std::max(last, WrapAdd(info.line, kMargin));
    Cost& cost = lines[info.line];
    for (Cost* added : {&cost, &sum}) {
      added->flat = WrapAdd(added->flat, node.flat);
      added->cum = WrapAdd(added->cum, node.cum);
    }
  }
};

using FileListings = std::map<std::string, Listing>;

std::map<std::string, FileListings> Collect(const graph::Graph& graph, const re2::RE2& symbol) {
  std::map<std::string, FileListings> functions;
  for (const NodeIndex index : graph.order) {
    const graph::NodeInfo& info = graph.Info(index);
    const std::string name(graph.table->Text(info.name));
    if (!re2::RE2::PartialMatch(name, symbol)) continue;
    FileListings& files = functions[name];
    if (info.file == 0) continue;
    files[std::string(graph.table->Text(info.file))].Add(info, graph.nodes[index]);
  }
  return functions;
}

void WriteListing(const Report& report, const std::string& name, const std::string& file,
                  const Listing& listing, SourceFiles* sources, std::string* out) {
  *out += "ROUTINE ======================== " + name + " in " + file + "\n";
  *out += PadLeft(report.FormatValue(listing.sum.flat), 10) + " " +
          PadLeft(report.FormatValue(listing.sum.cum), 10) + " (flat, cum) " +
          measurement::Percentage(listing.sum.cum, report.total()) + " of Total\n";
  const int64_t first = std::max<int64_t>(listing.first, 1);
  // Nothing to show: a function said to begin behind its lines.
  if (first > listing.last) return;
  const Status status = sources->FileStatus(file);
  if (!status.ok()) {
    *out += " Error: " + status.message() + "\n";
    return;
  }
  for (int64_t number = first; number <= listing.last; ++number) {
    const std::optional<std::string_view> line = sources->Line(file, number);
    if (!line) return;
    const auto found = listing.lines.find(number);
    const Cost cost = found == listing.lines.end() ? Cost() : found->second;
    *out += PadLeft(report.ValueOrDot(cost.flat), 10) + " " +
            PadLeft(report.ValueOrDot(cost.cum), 10) +
            StrFormat(" %6lld:", static_cast<long long>(number));
    out->append(*line).append("\n");
  }
}

}  // namespace

Status WriteList(Report* report, std::string* out) {
  const graph::Graph graph = BuildFullGraph(report, graph::Edges::kNone);
  const re2::RE2& symbol = *report->options().symbol;
  const auto functions = Collect(graph, symbol);
  if (functions.empty()) {
    return Status::Error("no matches found for regexp: " + symbol.pattern());
  }
  Result<std::string> source_path = SourcePathOrDefault(report->options().source_path);
  if (!source_path.ok()) return source_path.status();
  SourceFiles sources(std::move(*source_path), report->options().trim_path);
  *out += "Total: " + report->FormatValue(report->total()) + "\n";
  for (const auto& [name, files] : functions) {
    if (files.empty()) *out += "No source information for " + name + "\n";
    for (const auto& [file, listing] : files) {
      WriteListing(*report, name, file, listing, &sources, out);
    }
  }
  return Status::Ok();
}

}  // namespace cpprof::report
