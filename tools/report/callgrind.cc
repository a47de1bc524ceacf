// SPDX-License-Identifier: Apache-2.0
//
// callgrind: the graph for KCachegrind. The format saves space: a name is written out once and
// numbered, an address is given relative to the one before where that is shorter.
#include <map>
#include <tuple>
#include <utility>

#include "tools/base/arithmetic.h"
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"
#include "tools/report/formats.h"
#include "tools/report/trimmed_graph.h"

namespace cpprof::report {
namespace {

using graph::NodeIndex;
using graph::NodeInfo;

// "(1) name" the first time, then "(1)".
class NameTable {
 public:
  std::string operator()(std::string_view name) {
    if (name.empty()) return "";
    const auto [entry, is_new] = numbers_.try_emplace(std::string(name), numbers_.size() + 1);
    const std::string number = "(" + std::to_string(entry->second) + ")";
    return is_new ? number + " " + entry->first : number;
  }

 private:
  std::map<std::string, size_t> numbers_;
};

std::string Address(const NodeInfo* previous, uint64_t address) {
  std::string absolute = StrFormat("0x%llx", static_cast<unsigned long long>(address));
  if (previous == nullptr) return absolute;
  if (previous->address == address) return "*";
  const auto difference = static_cast<long long>(address - previous->address);
  const std::string relative = StrFormat("%+lld", difference);
  return relative.size() < absolute.size() ? relative : absolute;
}

class CallgrindWriter {
 public:
  CallgrindWriter(const Report& report, const graph::Graph& graph, std::string* out)
      : report_(report), graph_(graph), out_(*out) {}

  void Run() {
    NameNodes();
    out_ += "positions: instr line\nevents: " + report_.options().sample_type + "(" +
            report_.options().output_unit + ")\n";
    const NodeInfo* previous = nullptr;
    for (const NodeIndex index : graph_.order) {
      const NodeInfo& info = graph_.Info(index);
      if (previous == nullptr || info.objfile != previous->objfile || info.file != previous->file ||
          info.name != previous->name) {
        out_ += "\nob=" + objects_(Text(info.objfile)) + "\nfl=" + files_(Text(info.file)) +
                "\nfn=" + names_(Text(info.name)) + "\n";
      }
      AppendFormat(&out_, "%s %lld %lld\n", Address(previous, info.address).c_str(),
                   static_cast<long long>(info.line), Scaled(graph_.nodes[index].FlatValue()));
      for (const graph::EdgeIndex edge : graph_.SortedOut(index)) {
        WriteCall(graph_.edges[edge], previous);
      }
      previous = &info;
    }
  }

 private:
  std::string_view Text(profile::StringId id) const { return graph_.table->Text(id); }

  long long Scaled(int64_t value) const {
    const Options& options = report_.options();
    return TruncateToInt(measurement::Scale(value, options.sample_unit, options.output_unit).value);
  }

  void WriteCall(const graph::Edge& edge, const NodeInfo* previous) {
    const NodeInfo& callee = graph_.Info(edge.destination);
    out_ += "cfl=" + files_(Text(callee.file)) + "\ncfn=" + names_(node_names_[edge.destination]) +
            "\n";
    // How often it was called is not known.
    AppendFormat(&out_, "calls=0 %s %lld\n* * %lld\n", Address(previous, callee.address).c_str(),
                 static_cast<long long>(callee.line), Scaled(edge.weight));
  }

  // KCachegrind merges functions of one name in one file. Nodes that are not the same function for
  // us (another binary, another path of a call tree) are told apart by "[1/2]" behind their name.
  void NameNodes() {
    using Name = std::pair<profile::StringId, profile::StringId>;
    struct Group {
      std::map<FunctionKey, size_t> functions;
    };
    std::map<Name, Group> groups;
    for (const NodeIndex index : graph_.order) {
      const NodeInfo& info = graph_.Info(index);
      auto& functions = groups[{info.file, info.name}].functions;
      functions.try_emplace(KeyOf(index), functions.size() + 1);
    }
    node_names_.resize(graph_.nodes.size());
    for (const NodeIndex index : graph_.order) {
      const NodeInfo& info = graph_.Info(index);
      const auto& functions = groups[{info.file, info.name}].functions;
      node_names_[index] = Text(info.name);
      if (functions.size() > 1) {
        AppendFormat(&node_names_[index], " [%zu/%zu]", functions.at(KeyOf(index)),
                     functions.size());
      }
    }
  }

  // The function a node belongs to: all but its address and line, and its place in a call tree.
  using FunctionKey = std::tuple<profile::StringId, int64_t, NodeIndex>;

  FunctionKey KeyOf(NodeIndex index) const {
    const NodeInfo& info = graph_.Info(index);
    const NodeIndex parent = graph_.parents.empty() ? graph::kNoNode : graph_.parents[index];
    return {info.objfile, info.start_line, parent};
  }

  const Report& report_;
  const graph::Graph& graph_;
  std::string& out_;
  NameTable objects_;
  NameTable files_;
  NameTable names_;
  std::vector<std::string> node_names_;
};

}  // namespace

Status WriteCallgrind(Report* report, std::string* out) {
  const TrimmedGraph trimmed = BuildTrimmedGraph(report);
  report->SelectOutputUnit(trimmed.graph);
  CallgrindWriter(*report, trimmed.graph, out).Run();
  return Status::Ok();
}

}  // namespace cpprof::report
