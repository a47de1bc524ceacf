// SPDX-License-Identifier: Apache-2.0
//
// See header.h.
#include "tools/report/header.h"

#include "tools/base/arithmetic.h"
#include "tools/base/go_time.h"
#include "tools/base/path.h"
#include "tools/base/strings.h"
#include "tools/measurement/measurement.h"

namespace cpprof::report {
namespace {

constexpr size_t kMaxFilterLength = 80;

std::string DurationLine(const Report& report) {
  const int64_t duration = report.profile().duration_nanos;
  const measurement::Scaled nanos =
      measurement::Scale(report.total(), report.options().sample_unit, "nanoseconds");
  // How much of the time was sampled says something only if samples are times.
  std::string share;
  if (nanos.unit == "ns" && nanos.value != 0) {
    share = "(" + measurement::Percentage(TruncateToInt(nanos.value), duration) + ")";
  }
  return "Duration: " + measurement::Label(duration, "nanoseconds") +
         ", Total samples = " + report.FormatValue(report.total()) + " " + share;
}

void AddFilters(const std::vector<std::string>& filters, std::vector<std::string>* lines) {
  if (filters.empty()) return;
  lines->push_back("Active filters:");
  for (const std::string& filter : filters) {
    const bool cut = filter.size() > kMaxFilterLength;
    lines->push_back("   " + (cut ? filter.substr(0, kMaxFilterLength) + "\xe2\x80\xa6" : filter));
  }
}

std::string DroppedLine(const Report& report, size_t count, const char* what, const char* measure,
                        double fraction) {
  const int64_t limit = WrapAbs(TruncateToInt(static_cast<double>(report.total()) * fraction));
  return StrFormat("Dropped %zu %s%s (%s <= %s)", count, what, count > 1 ? "s" : "", measure,
                   report.FormatValue(limit).c_str());
}

}  // namespace

std::vector<std::string> ProfileHeader(const Report& report) {
  const profile::Profile& profile = report.profile();
  std::vector<std::string> lines;
  if (!profile.mappings.empty()) {
    const profile::Mapping& main = profile.mappings.front();
    if (main.file != 0) lines.push_back("File: " + BaseName(profile.Text(main.file)));
    if (main.build_id != 0)
      lines.push_back("Build ID: " + std::string(profile.Text(main.build_id)));
  }
  for (const profile::StringId comment : profile.comments) {
    const std::string_view text = profile.Text(comment);
    if (text.substr(0, 1) != "#") lines.emplace_back(text);
  }
  if (!report.options().sample_type.empty()) {
    lines.push_back("Type: " + report.options().sample_type);
  }
  if (profile.doc_url != 0) lines.push_back("Doc: " + std::string(profile.Text(profile.doc_url)));
  if (profile.time_nanos != 0) lines.push_back("Time: " + HeaderTime(profile.time_nanos));
  if (profile.duration_nanos != 0) lines.push_back(DurationLine(report));
  return lines;
}

std::vector<std::string> ReportHeader(const Report& report, const TrimmedGraph& trimmed,
                                      bool drawing) {
  const Options& options = report.options();
  std::vector<std::string> lines;
  if (drawing || !options.compact_labels) lines = ProfileHeader(report);
  AddFilters(options.active_filters, &lines);

  int64_t flat = 0;
  for (const graph::NodeIndex node : trimmed.graph.order) {
    flat = WrapAdd(flat, trimmed.graph.nodes[node].FlatValue());
  }
  const std::string share = measurement::Percentage(flat, report.total());
  lines.push_back("Showing nodes accounting for " + report.FormatValue(flat) + ", " +
                  std::string(TrimSpace(share)) + " of " + report.FormatValue(report.total()) +
                  " total");
  if (report.total() != 0) {
    if (trimmed.dropped_nodes > 0) {
      lines.push_back(
          DroppedLine(report, trimmed.dropped_nodes, "node", "cum", options.node_fraction));
    }
    if (drawing && trimmed.dropped_edges > 0) {
      lines.push_back(
          DroppedLine(report, trimmed.dropped_edges, "edge", "freq", options.edge_fraction));
    }
    const size_t shown = trimmed.graph.order.size();
    if (shown > 0 && shown < trimmed.original_count) {
      lines.push_back(StrFormat("Showing top %zu nodes out of %zu", shown, trimmed.original_count));
    }
  }
  if (drawing) lines.push_back("\nSee https://git.io/JfYMW for how to read the graph");
  return lines;
}

}  // namespace cpprof::report
