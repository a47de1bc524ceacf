// SPDX-License-Identifier: Apache-2.0
//
// The JSON form of top, tree, peek and tags. One object: what was profiled and how it was filtered,
// then "nodes" or "labels". Programs rely on it, so members are added, never renamed or removed
// ("version" counts what cannot be helped). Members without a value are left out.
#include "tools/base/json.h"

#include <ctime>

#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/report/data.h"
#include "tools/report/formats.h"

namespace cpprof::report {
namespace {

constexpr int64_t kVersion = 1;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

// "2024-04-05T19:34:38.123456789Z"
std::string UtcTime(int64_t nanos) {
  int64_t fraction = nanos % kNanosPerSecond;
  time_t seconds = nanos / kNanosPerSecond;
  if (fraction < 0) {
    fraction += kNanosPerSecond;
    --seconds;
  }
  tm parts = {};
  gmtime_r(&seconds, &parts);
  char buffer[64];
  const size_t size = strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%S", &parts);
  return std::string(buffer, size) + StrFormat(".%09lldZ", static_cast<long long>(fraction));
}

std::string_view NameOfReport(const Options& options) {
  if (options.layout == Layout::kTags) return "tags";
  if (options.layout == Layout::kText) return "top";
  return options.symbol == nullptr ? "tree" : "peek";
}

void WriteProfile(const Report& report, JsonWriter* json) {
  const profile::Profile& profile = report.profile();
  if (!profile.mappings.empty()) {
    const profile::Mapping& main = profile.mappings.front();
    if (main.file != 0) json->Text("file", BaseName(profile.Text(main.file)));
    if (main.build_id != 0) json->Text("build_id", profile.Text(main.build_id));
  }
  if (profile.time_nanos != 0) json->Text("time", UtcTime(profile.time_nanos));
  if (profile.duration_nanos != 0) json->Number("duration_nanos", profile.duration_nanos);
  if (profile.period != 0) json->Number("period", profile.period);
  if (profile.period_type != profile::ValueType()) {
    json->Text("period_type", profile.Text(profile.period_type.type));
    json->Text("period_unit", profile.Text(profile.period_type.unit));
  }
  if (profile.doc_url != 0) json->Text("documentation", profile.Text(profile.doc_url));
  json->BeginArray("comments");
  for (const profile::StringId comment : profile.comments) {
    json->Text(nullptr, profile.Text(comment));
  }
  json->EndArray();
  json->BeginArray("sample_types");
  for (const profile::ValueType& type : profile.sample_types) {
    json->BeginObject();
    json->Text("type", profile.Text(type.type));
    json->Text("unit", profile.Text(type.unit));
    json->EndObject();
  }
  json->EndArray();
}

void WriteSelection(const Report& report, JsonWriter* json) {
  const Options& options = report.options();
  json->Text("sample_type", options.sample_type);
  json->Text("unit", options.sample_unit);
  if (options.ratio != 1) json->Text("divided_by", StrFormat("%.15g", 1 / options.ratio));
  json->Number("total", DataTotal(report));
  json->BeginArray("filters");
  for (const std::string& filter : options.active_filters) json->Text(nullptr, filter);
  json->EndArray();
}

void WriteEdges(const char* key, const std::vector<DataEdge>& edges, int64_t cum,
                JsonWriter* json) {
  json->BeginArray(key);
  for (const DataEdge& edge : edges) {
    json->BeginObject();
    json->Text("name", edge.name);
    json->Number("value", edge.value);
    json->Fraction("percent_of_cum", DataPercent(edge.value, cum));
    json->Boolean("inline", edge.is_inline);
    json->Boolean("residual", edge.is_residual);
    json->EndObject();
  }
  json->EndArray();
}

void WriteNode(const DataNode& node, int64_t total, bool with_edges, JsonWriter* json) {
  json->BeginObject();
  json->Text("name", node.name);
  if (!node.function.empty()) json->Text("function", node.function);
  if (!node.file.empty()) json->Text("file", node.file);
  if (node.line != 0) json->Number("line", node.line);
  if (node.address != 0) {
    json->Text("address", StrFormat("0x%llx", static_cast<unsigned long long>(node.address)));
  }
  json->Text("inlined", node.inlined);
  json->Number("flat", node.flat);
  json->Fraction("flat_percent", DataPercent(node.flat, total));
  json->Fraction("sum_percent", DataPercent(node.flat_sum, total));
  json->Number("cum", node.cum);
  json->Fraction("cum_percent", DataPercent(node.cum, total));
  if (with_edges) {
    WriteEdges("callers", node.callers, node.cum, json);
    WriteEdges("callees", node.callees, node.cum, json);
  }
  json->EndObject();
}

Status WriteNodes(Report* report, JsonWriter* json) {
  const Result<DataGraph> graph = CollectGraph(report);
  if (!graph.ok()) return graph.status();
  json->BeginObject("shown");
  json->Number("nodes", static_cast<int64_t>(graph->nodes.size()));
  json->Number("nodes_before_limit", static_cast<int64_t>(graph->node_count));
  json->Number("nodes_dropped", static_cast<int64_t>(graph->dropped_nodes));
  json->Number("drop_cum_up_to", graph->node_cutoff);
  json->Number("flat", graph->flat_shown);
  json->EndObject();
  json->BeginArray("nodes");
  const bool with_edges = report->options().layout == Layout::kTree;
  for (const DataNode& node : graph->nodes) {
    WriteNode(node, DataTotal(*report), with_edges, json);
  }
  json->EndArray();
  return Status::Ok();
}

void WriteLabels(const Report& report, JsonWriter* json) {
  const int64_t total = DataTotal(report);
  json->BeginArray("labels");
  for (const DataLabel& label : CollectLabels(report)) {
    json->BeginObject();
    json->Text("key", label.key);
    json->Number("total", label.total);
    json->Fraction("percent", DataPercent(label.total, total));
    json->BeginArray("values");
    for (const DataLabelValue& value : label.values) {
      json->BeginObject();
      json->Text("text", value.text);
      if (value.is_number) {
        json->Number("number", value.number);
        json->Text("unit", label.unit);
      }
      json->Number("value", value.value);
      json->Fraction("percent", DataPercent(value.value, total));
      json->EndObject();
    }
    json->EndArray();
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

Status WriteJson(Report* report, std::string* out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Text("format", "cpprof");
  json.Number("version", kVersion);
  json.Text("report", NameOfReport(report->options()));
  WriteProfile(*report, &json);
  WriteSelection(*report, &json);
  Status status;
  if (report->options().layout == Layout::kTags) {
    WriteLabels(*report, &json);
  } else {
    status = WriteNodes(report, &json);
  }
  json.EndObject();
  return status;
}

}  // namespace cpprof::report
