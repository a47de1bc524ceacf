// SPDX-License-Identifier: Apache-2.0
//
// See trimmed_graph.h. A graph does not hold enough to take nodes out of it, so after each decision
// about nodes it is built again from the samples; a call tree can be edited. The first build only
// asks for the nodes' sums and needs no edges.
#include "tools/report/trimmed_graph.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tools/base/arithmetic.h"
#include "tools/graph/trim.h"
#include "tools/measurement/measurement.h"
#include "tools/report/source_files.h"

namespace cpprof::report {
namespace {

using graph::Edges;
using graph::Graph;
using graph::NodeIndex;

bool KeepsObjectNames(Layout layout) {
  return layout == Layout::kRaw || layout == Layout::kList || layout == Layout::kWebList ||
         layout == Layout::kDisassembly || layout == Layout::kCallgrind;
}

std::shared_ptr<const graph::NodeTable> MakeTable(Report* report) {
  TrimFileNames(&report->profile(), report->options().trim_path, report->options().source_path);
  return std::make_shared<const graph::NodeTable>(report->profile(),
                                                  KeepsObjectNames(report->options().layout));
}

graph::BuildOptions MakeBuildOptions(const Report& report) {
  const Options& options = report.options();
  graph::BuildOptions build;
  build.weighting = options.weighting;
  build.drop_negative = options.drop_negative;
  const bool drawn = options.layout == Layout::kDot;
  build.call_tree = options.call_tree && (drawn || options.layout == Layout::kCallgrind);
  if (drawn) {
    build.bytes_unit = report.LabelUnit("bytes");
    build.format_tag = [unit = options.output_unit](int64_t value, std::string_view from) {
      return measurement::ScaledLabel(value, from, unit);
    };
  }
  return build;
}

int64_t Cutoff(int64_t total, double fraction) {
  return WrapAbs(TruncateToInt(static_cast<double>(total) * fraction));
}

// The steps of trimming, each over the graph that the one before has left.
class Trimmer {
 public:
  explicit Trimmer(Report* report)
      : report_(*report),
        table_(MakeTable(report)),
        options_(MakeBuildOptions(*report)),
        drawn_(report->options().layout == Layout::kDot) {
    edges_ =
        report->options().layout == Layout::kText || report->options().layout == Layout::kTopProto
            ? Edges::kInlineMarks
            : Edges::kAll;
  }

  TrimmedGraph Run() {
    DropSmallNodes();
    out_.original_count = graph_.order.size();
    Sort();
    if (report_.options().node_count > 0) LimitNodeCount();
    graph::TrimTags(&graph_, node_cutoff_);
    out_.dropped_edges = graph::TrimEdges(&graph_, edge_cutoff_);
    if (drawn_) graph::RemoveRedundantEdges(&graph_);
    out_.graph = std::move(graph_);
    return std::move(out_);
  }

 private:
  void Build(Edges edges) {
    options_.edges = edges;
    graph_ = graph::Build(report_.profile(), table_, options_);
  }

  void Rebuild(const std::vector<NodeIndex>& kept) {
    if (options_.call_tree) {
      graph::TrimTree(&graph_, kept);
      return;
    }
    if (!NeedsEdges(kept)) {
      // The sums of the nodes that stay are what they were.
      graph_.order = kept;
      return;
    }
    std::vector<char> keep(table_->size(), false);
    for (const NodeIndex node : kept) keep[graph_.nodes[node].info] = true;
    options_.kept = std::move(keep);
    Build(edges_);
  }

  // Marks of inlining need edges only if something shown may have been inlined.
  bool NeedsEdges(const std::vector<NodeIndex>& shown) const {
    return edges_ == Edges::kAll || std::any_of(shown.begin(), shown.end(), [&](NodeIndex node) {
             return table_->MayBeInlined(graph_.nodes[node].info);
           });
  }

  void DropSmallNodes() {
    // What a tree loses is cut out of it, so it is built with all it has.
    Build(options_.call_tree ? Edges::kAll : Edges::kNone);
    const int64_t total = graph_.FlatSum();
    node_cutoff_ = Cutoff(total, report_.options().node_fraction);
    edge_cutoff_ = Cutoff(total, report_.options().edge_fraction);
    if (node_cutoff_ > 0) {
      const std::vector<NodeIndex> kept = graph::NodesAbove(graph_, node_cutoff_);
      if (kept.size() != graph_.order.size()) {
        out_.dropped_nodes = graph_.order.size() - kept.size();
        Rebuild(kept);
        return;
      }
    }
    if (!options_.call_tree && NeedsEdges(graph_.order)) Build(edges_);
  }

  void LimitNodeCount() {
    // Small tags and edges would influence the choice.
    graph::TrimTags(&graph_, node_cutoff_);
    graph::TrimEdges(&graph_, edge_cutoff_);
    const auto limit = static_cast<size_t>(report_.options().node_count);
    const std::vector<NodeIndex> kept = graph::TopNodes(graph_, limit, drawn_);
    if (kept.size() == graph_.order.size()) return;
    Rebuild(kept);
    Sort();
  }

  void Sort() {
    const graph::NodeOrder order = drawn_                       ? graph::NodeOrder::kEntropy
                                   : report_.options().cum_sort ? graph::NodeOrder::kCum
                                                                : graph::NodeOrder::kFlat;
    graph::SortNodes(&graph_, order);
  }

  const Report& report_;
  std::shared_ptr<const graph::NodeTable> table_;
  graph::BuildOptions options_;
  const bool drawn_;
  Edges edges_;
  Graph graph_;
  int64_t node_cutoff_ = 0;
  int64_t edge_cutoff_ = 0;
  TrimmedGraph out_;
};

}  // namespace

TrimmedGraph BuildTrimmedGraph(Report* report) { return Trimmer(report).Run(); }

Graph BuildFullGraph(Report* report, Edges edges) {
  graph::BuildOptions options = MakeBuildOptions(*report);
  options.edges = edges;
  return graph::Build(report->profile(), MakeTable(report), options);
}

int64_t NodeCutoff(const Report& report) {
  return Cutoff(report.total(), report.options().node_fraction);
}

Inlining InliningOf(const Graph& graph, const graph::Node& node) {
  bool inlined = false;
  bool called = false;
  for (const graph::EdgeIndex edge : node.in) {
    (graph.edges[edge].is_inline ? inlined : called) = true;
  }
  // Edges into nodes that are never inlined are not built (Edges::kInlineMarks), so `called` alone
  // says nothing.
  if (!inlined) return Inlining::kNever;
  return called ? Inlining::kSometimes : Inlining::kAlways;
}

}  // namespace cpprof::report
