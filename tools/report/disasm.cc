// SPDX-License-Identifier: Apache-2.0
//
// disasm: the machine code of functions, each instruction with its values.
//
// Which functions: those of the binaries whose symbols match the regular expression and that have
// samples; an expression that is a number also means the function at that address. Binaries are
// only opened if a sample in them matches.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/base/arithmetic.h"
#include "tools/base/path.h"
#include "tools/base/regexp.h"
#include "tools/base/strings.h"
#include "tools/disassemble/code_object.h"
#include "tools/disassemble/objdump.h"
#include "tools/measurement/measurement.h"
#include "tools/report/formats.h"
#include "tools/report/trimmed_graph.h"
#include "tools/symbolize/demangle.h"

namespace cpprof::report {
namespace {

using disassemble::CodeObject;
using disassemble::Instruction;
using disassemble::SymbolGroup;
using graph::NodeIndex;

// Instructions shorter than this have their place in the source beside them, others above them.
constexpr size_t kInstructionWidth = 40;
constexpr size_t kPlaceColumn = 74;

// A node at its address in the file.
struct PlacedNode {
  uint64_t address = 0;
  NodeIndex node = graph::kNoNode;
};

struct Routine {
  std::vector<std::string> names;
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string file;
  std::vector<PlacedNode> nodes;
};

// What is shown for one instruction.
struct Row {
  uint64_t address = 0;
  std::string text;
  std::string function;
  std::string file;
  int64_t line = 0;
  int64_t flat = 0;
  int64_t flat_divisor = 0;
  int64_t cum = 0;
  int64_t cum_divisor = 0;

  int64_t FlatValue() const { return flat_divisor == 0 ? flat : WrapDivide(flat, flat_divisor); }
  int64_t CumValue() const { return cum_divisor == 0 ? cum : WrapDivide(cum, cum_divisor); }
};

// Of a group of symbols, the names to show: all if it holds the address looked for, else the first
// one that matches in some spelling.
std::vector<std::string> MatchNames(const SymbolGroup& group, const re2::RE2& symbol,
                                    const std::vector<uint64_t>& wanted) {
  const bool holds = std::any_of(wanted.begin(), wanted.end(), [&](uint64_t address) {
    return address >= group.start && address <= group.end;
  });
  std::vector<std::string> names;
  for (const elf::ListedSymbol& listed : group.symbols) {
    if (holds) {
      names.emplace_back(listed.name);
      continue;
    }
    if (Matches(listed.name, symbol)) return {std::string(listed.name)};
    for (const auto style : {symbolize::DemangleStyle::kFull, symbolize::DemangleStyle::kTemplates,
                             symbolize::DemangleStyle::kDefault}) {
      std::string readable = symbolize::Demangle(listed.name, style);
      if (readable != listed.name && Matches(readable, symbol)) return {std::move(readable)};
    }
  }
  return names;
}

class RoutineFinder {
 public:
  RoutineFinder(const Report& report, const graph::Graph& graph)
      : report_(report),
        graph_(graph),
        symbol_(*report.options().symbol),
        address_(ParseUint(symbol_.pattern(), 0)) {}

  // By name, then by address.
  Result<std::vector<Routine>> Run() {
    const auto& mappings = report_.profile().mappings;
    for (profile::MappingIndex i = 0; i < mappings.size(); ++i) {
      if (IsWanted(mappings[i])) SearchMapping(i);
    }
    std::stable_sort(routines_.begin(), routines_.end(), [](const Routine& a, const Routine& b) {
      return a.names.front() != b.names.front() ? a.names.front() < b.names.front()
                                                : a.begin < b.begin;
    });
    if (!routines_.empty()) return std::move(routines_);
    if (!address_) return Status::Error("no matches found for regexp " + symbol_.pattern());
    const std::string hex = StrFormat("0x%llx", static_cast<unsigned long long>(*address_));
    if (!found_without_samples_) return Status::Error("no matches found for address " + hex);
    return Status::Error("address " + hex +
                         " found in binary, but the corresponding symbols do not have samples in "
                         "the profile");
  }

 private:
  bool Holds(const profile::Mapping& mapping, uint64_t address) const {
    return mapping.start <= address && address < mapping.limit;
  }

  bool IsWanted(const profile::Mapping& mapping) const {
    if (mapping.file == 0) return false;
    // A number may also be an address as this report prints them, which are the file's.
    if (address_ && mapping.start <= *address_ && *address_ <= mapping.limit) return true;
    if (address_ && &mapping == &report_.profile().mappings.front()) return true;
    return std::any_of(graph_.order.begin(), graph_.order.end(), [&](NodeIndex node) {
      return graph_.Info(node).objfile == mapping.file && Matches(graph_.Name(node), symbol_);
    });
  }

  void SearchMapping(profile::MappingIndex index) {
    const profile::Mapping& mapping = report_.profile().mappings[index];
    auto code = CodeObject::Open(report_.profile(), index);
    if (!code.ok()) return report_.Say(code.message());
    std::vector<PlacedNode> nodes;
    for (const NodeIndex node : graph_.order) {
      const graph::NodeInfo& info = graph_.Info(node);
      if (info.objfile != mapping.file || !Holds(mapping, info.address)) continue;
      const Result<uint64_t> address = (*code)->FileAddress(info.address);
      if (!address.ok()) return report_.Say(address.message());
      nodes.push_back({.address = *address, .node = node});
    }
    std::stable_sort(nodes.begin(), nodes.end(), [](const PlacedNode& a, const PlacedNode& b) {
      return a.address < b.address;
    });
    std::vector<uint64_t> wanted;
    if (address_ && *address_ != 0) {
      wanted.push_back(*address_);
      if (Holds(mapping, *address_)) {
        if (const auto in_file = (*code)->FileAddress(*address_); in_file.ok()) {
          wanted.push_back(*in_file);
        }
      }
    }
    const bool in_mapping = address_ && Holds(mapping, *address_);
    Search(code->get(), nodes, wanted, in_mapping);
  }

  // Names are only looked at where there are samples: demangling all symbols of a large program
  // takes seconds.
  void Search(CodeObject* code, const std::vector<PlacedNode>& nodes,
              const std::vector<uint64_t>& wanted, bool address_in_mapping) {
    for (const SymbolGroup& group : code->Symbols()) {
      const auto before = [](const PlacedNode& node, uint64_t address) {
        return node.address < address;
      };
      const auto first = std::lower_bound(nodes.begin(), nodes.end(), group.start, before);
      const auto last = std::lower_bound(first, nodes.end(), group.end, before);
      if (first == last && !address_in_mapping) continue;
      std::vector<std::string> names = MatchNames(group, symbol_, wanted);
      if (names.empty()) continue;
      if (first == last) {
        found_without_samples_ = true;
        continue;
      }
      routines_.push_back({.names = std::move(names),
                           .begin = group.start,
                           .end = group.end,
                           .file = code->path(),
                           .nodes = {first, last}});
    }
  }

  const Report& report_;
  const graph::Graph& graph_;
  const re2::RE2& symbol_;
  const std::optional<uint64_t> address_;
  std::vector<Routine> routines_;
  bool found_without_samples_ = false;
};

// Samples in the middle of an instruction count for it.
std::vector<Row> MakeRows(const graph::Graph& graph, const Routine& routine,
                          std::vector<Instruction> instructions) {
  std::vector<Row> rows;
  rows.reserve(instructions.size());
  auto next = routine.nodes.begin();
  for (size_t i = 0; i < instructions.size(); ++i) {
    Instruction& instruction = instructions[i];
    Row row;
    row.address = instruction.address;
    row.text = std::move(instruction.text);
    row.function = std::move(instruction.function);
    row.line = instruction.line;
    if (!instruction.file.empty()) row.file = BaseName(instruction.file);
    const uint64_t end = i + 1 < instructions.size() ? instructions[i + 1].address : UINT64_MAX;
    for (; next != routine.nodes.end() && next->address < end; ++next) {
      const graph::Node& node = graph.nodes[next->node];
      const graph::NodeInfo& info = graph.Info(next->node);
      row.flat = WrapAdd(row.flat, node.flat);
      row.flat_divisor = WrapAdd(row.flat_divisor, node.flat_divisor);
      row.cum = WrapAdd(row.cum, node.cum);
      row.cum_divisor = WrapAdd(row.cum_divisor, node.cum_divisor);
      if (row.file.empty() && info.file != 0) row.file = BaseName(graph.table->Text(info.file));
      if (row.line == 0) row.line = info.line;
      if (row.function.empty()) row.function = graph.table->Text(info.name);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string Place(const Row& row) {
  std::string place;
  if (!row.function.empty()) place = row.function + " ";
  if (!row.file.empty()) {
    place += row.file;
    if (row.line != 0) place += ":" + std::to_string(row.line);
  }
  return place;
}

void WriteRows(const Report& report, const std::vector<Row>& rows, std::string* out) {
  Row previous;
  for (const Row& row : rows) {
    std::string place;
    if (row.function != previous.function || row.file != previous.file ||
        row.line != previous.line) {
      place = Place(row);
    }
    previous = row;
    const bool is_short = row.text.size() < kInstructionWidth;
    if (!place.empty() && !is_short) *out += std::string(kPlaceColumn, ' ') + ";" + place + "\n";
    *out += PadLeft(report.ValueOrDot(row.FlatValue()), 10) + " " +
            PadLeft(report.ValueOrDot(row.CumValue()), 10) +
            StrFormat(" %10llx: ", static_cast<unsigned long long>(row.address));
    *out +=
        place.empty() || !is_short ? row.text : PadRight(row.text, kInstructionWidth) + ";" + place;
    *out += "\n";
  }
}

}  // namespace

Status WriteDisasm(Report* report, std::string* out) {
  const graph::Graph graph = BuildFullGraph(report, graph::Edges::kNone);
  *out += "Total: " + report->FormatValue(report->total()) + "\n";
  Result<std::vector<Routine>> routines = RoutineFinder(*report, graph).Run();
  if (!routines.ok()) return routines.status();
  disassemble::Objdump objdump(report->options().tools);
  for (const Routine& routine : *routines) {
    auto instructions = objdump.Disassemble(routine.file, routine.begin, routine.end,
                                            report->options().intel_syntax);
    if (!instructions.ok()) return instructions.status();
    int64_t flat = 0;
    int64_t cum = 0;
    for (const PlacedNode& placed : routine.nodes) {
      flat = WrapAdd(flat, graph.nodes[placed.node].flat);
      cum = WrapAdd(cum, graph.nodes[placed.node].cum);
    }
    *out += "ROUTINE ======================== " + routine.names.front() + "\n";
    for (size_t i = 1; i < routine.names.size(); ++i) {
      *out += "    AKA ======================== " + routine.names[i] + "\n";
    }
    *out += PadLeft(report->FormatValue(flat), 10) + " " + PadLeft(report->FormatValue(cum), 10) +
            " (flat, cum) " + measurement::Percentage(cum, report->total()) + " of Total\n";
    WriteRows(*report, MakeRows(graph, routine, std::move(*instructions)), out);
  }
  return Status::Ok();
}

}  // namespace cpprof::report
