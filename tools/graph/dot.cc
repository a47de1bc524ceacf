// SPDX-License-Identifier: Apache-2.0
//
// See dot.h.
#include "tools/graph/dot.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tools/base/arithmetic.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/graph/nodelets.h"
#include "tools/measurement/measurement.h"

namespace cpprof::graph {
namespace {

constexpr int kSmallestFont = 8;
constexpr double kFontGrowth = 16;

std::string Share(int64_t value, int64_t total) {
  return std::string(TrimSpace(measurement::Percentage(value, total)));
}

class Composer {
 public:
  Composer(const Graph& graph, const DotOptions& options) : graph_(graph), options_(options) {}

  std::string Run() {
    out_ = "digraph \"" + (options_.title.empty() ? "unnamed" : options_.title) + "\" {\n";
    out_ += "node [style=filled fillcolor=\"#f8f8f8\"]\n";
    AddLegend();
    if (!graph_.order.empty()) AddGraph();
    return std::move(out_) + "}\n";
  }

 private:
  void AddLegend() {
    if (options_.legend.empty()) return;
    std::string label;
    for (const std::string& line : options_.legend) label += EscapeForDot(line) + "\\l";
    out_ += "subgraph cluster_L { \"" + EscapeForDot(options_.legend.front()) +
            "\" [shape=box fontsize=16 label=\"" + label + "\"";
    if (!options_.title.empty()) out_ += " tooltip=\"" + options_.title + "\"";
    out_ += "] }\n";
  }

  void AddGraph() {
    numbers_.assign(graph_.nodes.size(), 0);
    has_nodelets_.assign(graph_.nodes.size(), false);
    int number = 0;
    for (const NodeIndex node : graph_.order) {
      numbers_[node] = ++number;
      largest_flat_ = std::max(largest_flat_, Size(graph_.nodes[node].FlatValue()));
    }
    std::vector<EdgeIndex> edges;
    for (const NodeIndex node : graph_.order) {
      AddNode(node);
      if (!graph_.tags.empty()) {
        const std::string boxes =
            ComposeNodelets(graph_.tags[node], numbers_[node], !graph_.nodes[node].out.empty(),
                            options_.format_value);
        has_nodelets_[node] = !boxes.empty();
        out_ += boxes;
      }
      edges.insert(edges.end(), graph_.nodes[node].out.begin(), graph_.nodes[node].out.end());
    }
    // The order is a hint for the layout: heavy edges first.
    for (const EdgeIndex edge : graph_.Sorted(std::move(edges))) AddEdge(graph_.edges[edge]);
  }

  static double Size(int64_t value) { return static_cast<double>(WrapAbs(value)); }

  double Score(int64_t value) const { return static_cast<double>(value) / Size(options_.total); }

  // Name and place, one part a line; what dots and colons separate becomes lines of its own.
  std::string NodeLabel(NodeIndex node) const {
    const NodeInfo& info = graph_.Info(node);
    std::string name(graph_.table->Text(info.name));
    name = ReplaceAll(EscapeForDot(ShortenFunctionName(name)), "::", "\\n");
    // Go's type parameters are written as three dots, which are no separators.
    name = ReplaceAll(ReplaceAll(name, "[...]", "[\xe2\x80\xa6]"), ".", "\\n");
    std::string file(graph_.table->Text(info.file));
    if (!file.empty()) file = BaseName(file);
    return Join(graph_.table->NameComponents(graph_.nodes[node].info, name, file), "\\n") + "\\n";
  }

  void AddNode(NodeIndex index) {
    const Node& node = graph_.nodes[index];
    const int64_t flat = node.FlatValue();
    const int64_t cum = node.CumValue();
    const std::string flat_text = options_.format_value(flat);
    std::string cum_text = flat_text;
    std::string label = NodeLabel(index);
    label += flat == 0 ? "0" : flat_text + " (" + Share(flat, options_.total) + ")";
    if (cum != flat) {
      cum_text = options_.format_value(cum);
      label += flat == 0 ? " " : "\\n";
      label += "of " + cum_text + " (" + Share(cum, options_.total) + ")";
    }
    int font = kSmallestFont;
    if (largest_flat_ != 0 && flat != 0) {
      font += static_cast<int>(std::ceil(kFontGrowth * std::sqrt(Size(flat) / largest_flat_)));
    }
    const double score = Score(cum);
    AppendFormat(&out_, "N%d [label=\"%s\" id=\"node%d\" fontsize=%d shape=box ", numbers_[index],
                 label.c_str(), numbers_[index], font);
    out_ += "tooltip=\"" + EscapeForDot(graph_.Name(index)) + " (" + cum_text + ")\" color=\"" +
            DotColor(score, false) + "\" fillcolor=\"" + DotColor(score, true) + "\"]\n";
  }

  // `value` as `parts` parts of the total, at least 1 and at most 1 + parts.
  int64_t Scaled(int64_t value, int64_t parts) const {
    const int64_t scaled = WrapAbs(WrapDivide(WrapMultiply(value, parts), options_.total));
    return 1 + std::min(scaled, parts);
  }

  void AddEdge(const Edge& edge) {
    const int64_t value = edge.WeightValue();
    const std::string weight_text = options_.format_value(value);
    AppendFormat(&out_, "N%d -> N%d [label=\" ", numbers_[edge.source], numbers_[edge.destination]);
    out_ += weight_text + (edge.is_inline ? "\\n (inline)\"" : "\"");
    if (options_.total != 0) {
      const auto weight = static_cast<long long>(Scaled(value, 100));
      const auto width = static_cast<long long>(Scaled(value, 5));
      if (weight > 1) AppendFormat(&out_, " weight=%lld", weight);
      if (width > 1) AppendFormat(&out_, " penwidth=%lld", width);
      out_ += " color=\"" + DotColor(Score(value), false) + "\"";
    }
    const std::string tooltip =
        "\"" + EscapeForDot(graph_.Name(edge.source)) + (edge.residual ? " ... " : " -> ") +
        EscapeForDot(graph_.Name(edge.destination)) + " (" + weight_text + ")\"";
    out_ += " tooltip=" + tooltip + " labeltooltip=" + tooltip;
    if (edge.residual) out_ += " style=\"dotted\"";
    if (has_nodelets_[edge.source]) out_ += " minlen=2";
    out_ += "]\n";
  }

  const Graph& graph_;
  const DotOptions& options_;
  std::string out_;
  std::vector<int> numbers_;  // N1, N2, ...; 0 for a node that is not shown
  std::vector<char> has_nodelets_;
  double largest_flat_ = 0;
};

}  // namespace

std::string ComposeDot(const Graph& graph, const DotOptions& options) {
  return Composer(graph, options).Run();
}

}  // namespace cpprof::graph
