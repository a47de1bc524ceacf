// SPDX-License-Identifier: Apache-2.0
//
// The CSV form of top, tree, peek and tags: RFC 4180, a header row, then one row a node, call or
// label value. Programs rely on the columns, so new ones are added at the right. Every row says the
// sample type and its unit, so that tables can be put together.
#include <initializer_list>

#include "tools/base/json.h"
#include "tools/base/strings.h"
#include "tools/report/data.h"
#include "tools/report/formats.h"

namespace cpprof::report {
namespace {

std::string Cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  return "\"" + ReplaceAll(text, "\"", "\"\"") + "\"";
}

class CsvWriter {
 public:
  CsvWriter(const Report& report, std::string* out)
      : total_(DataTotal(report)),
        type_(report.options().sample_type),
        unit_(report.options().sample_unit),
        out_(*out) {}

  void Header(std::initializer_list<std::string_view> columns) {
    for (const std::string_view column : columns) out_ += std::string(column) + ",";
    out_ += "sample_type,unit\r\n";
  }
  void Row(std::initializer_list<std::string> cells) {
    for (const std::string& cell : cells) out_ += Cell(cell) + ",";
    out_ += Cell(type_) + "," + Cell(unit_) + "\r\n";
  }
  std::string Percent(int64_t value) const { return ShortDecimal(DataPercent(value, total_)); }

 private:
  int64_t total_;
  std::string type_;
  std::string unit_;
  std::string& out_;
};

std::string NumberOrNothing(int64_t number) { return number == 0 ? "" : std::to_string(number); }

std::string AddressOrNothing(uint64_t address) {
  return address == 0 ? "" : StrFormat("0x%llx", static_cast<unsigned long long>(address));
}

void WriteTop(const DataGraph& graph, CsvWriter* csv) {
  csv->Header({"name", "function", "file", "line", "address", "inlined", "flat", "flat_percent",
               "sum_percent", "cum", "cum_percent"});
  for (const DataNode& node : graph.nodes) {
    csv->Row({node.name, node.function, node.file, NumberOrNothing(node.line),
              AddressOrNothing(node.address), std::string(node.inlined), std::to_string(node.flat),
              csv->Percent(node.flat), csv->Percent(node.flat_sum), std::to_string(node.cum),
              csv->Percent(node.cum)});
  }
}

// Rows of three relations: the node itself, its callers, its callees.
void WriteTree(const DataGraph& graph, CsvWriter* csv) {
  csv->Header({"node", "relation", "name", "flat", "flat_percent", "sum_percent", "cum",
               "cum_percent", "call", "call_percent_of_cum", "inline", "residual"});
  for (const DataNode& node : graph.nodes) {
    const auto write_edges = [&](const char* relation, const std::vector<DataEdge>& edges) {
      for (const DataEdge& edge : edges) {
        csv->Row({node.name, relation, edge.name, "", "", "", "", "", std::to_string(edge.value),
                  ShortDecimal(DataPercent(edge.value, node.cum)),
                  edge.is_inline ? "true" : "false", edge.is_residual ? "true" : "false"});
      }
    };
    write_edges("caller", node.callers);
    csv->Row({node.name, "node", node.name, std::to_string(node.flat), csv->Percent(node.flat),
              csv->Percent(node.flat_sum), std::to_string(node.cum), csv->Percent(node.cum), "", "",
              "", ""});
    write_edges("callee", node.callees);
  }
}

void WriteLabels(const Report& report, CsvWriter* csv) {
  csv->Header({"key", "text", "number", "number_unit", "value", "percent"});
  for (const DataLabel& label : CollectLabels(report)) {
    for (const DataLabelValue& value : label.values) {
      csv->Row({label.key, value.text, value.is_number ? std::to_string(value.number) : "",
                value.is_number ? label.unit : "", std::to_string(value.value),
                csv->Percent(value.value)});
    }
  }
}

}  // namespace

Status WriteCsv(Report* report, std::string* out) {
  CsvWriter csv(*report, out);
  if (report->options().layout == Layout::kTags) {
    WriteLabels(*report, &csv);
    return Status::Ok();
  }
  const Result<DataGraph> graph = CollectGraph(report);
  if (!graph.ok()) return graph.status();
  if (report->options().layout == Layout::kTree) {
    WriteTree(*graph, &csv);
  } else {
    WriteTop(*graph, &csv);
  }
  return Status::Ok();
}

}  // namespace cpprof::report
