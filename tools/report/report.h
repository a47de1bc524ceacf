// SPDX-License-Identifier: Apache-2.0
//
// What every report has: the profile it is about (already filtered), how to read its samples, how
// to show values, and the total that percentages refer to. Each format is a function in a file of
// its own (formats.h) that appends text or bytes to a string; none knows where its output goes.
//
// A report may edit the profile it is given: it belongs to this one report.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/base/notices.h"
#include "tools/graph/graph.h"
#include "tools/profile/profile.h"

namespace cpprof::report {

// Kinds of layout; several commands may share one (svg and web are drawings too).
enum class Layout {
  kText,
  kTree,
  kList,
  kWebList,
  kDisassembly,
  kTraces,
  kRaw,
  kTags,
  kComments,
  kProto,
  kTopProto,
  kDot,
  kCallgrind,
  kFolded,
};

struct Options {
  Layout layout = Layout::kText;

  // The graph.
  bool cum_sort = false;
  bool call_tree = false;
  bool drop_negative = false;
  int64_t node_count = 0;  // 0: no limit
  double node_fraction = 0;
  double edge_fraction = 0;

  // The header.
  bool compact_labels = false;
  std::string title;                        // base name of the main program
  std::vector<std::string> active_filters;  // "name=value"

  // Values.
  graph::Weighting weighting;
  std::string sample_type;  // as shown: with "mean_" in front when averaging
  std::string sample_unit;
  std::string output_unit;  // "minimum": one unit for the report, chosen from its values
  double ratio = 1;
  // Unit of each numeric label, by key.
  std::map<std::string, std::string> label_units;

  // What list, weblist, disasm and peek look for; null for other formats.
  std::shared_ptr<const re2::RE2> symbol;

  // Colon-separated lists, see source_files.h.
  std::string source_path;
  std::string trim_path;
  bool intel_syntax = false;
  // Where to look for objdump, see symbolize/tool_search.h.
  std::string tools;

  // Takes what a report has to say beside itself; may be null.
  Notices* notices = nullptr;
};

class Report {
 public:
  // The total is computed here: filter the profile before, or after, to have percentages of what
  // is left, or of everything.
  Report(profile::Profile* profile, Options options);

  profile::Profile& profile() { return *profile_; }
  const profile::Profile& profile() const { return *profile_; }
  const Options& options() const { return options_; }
  int64_t total() const { return total_; }

  // A sample value as the report shows it, and the same with "." for nothing.
  std::string FormatValue(int64_t value) const;
  std::string ValueOrDot(int64_t value) const { return value == 0 ? "." : FormatValue(value); }

  // Says a line if there is somebody to say it to.
  void Say(const std::string& line) const {
    if (options_.notices != nullptr) options_.notices->Print(line);
  }

  // Replaces "minimum" by the unit that fits the values of the graph's nodes.
  void SelectOutputUnit(const graph::Graph& graph);
  // The unit of a numeric label.
  std::string LabelUnit(const std::string& key) const;

 private:
  int64_t ComputeTotal() const;

  profile::Profile* profile_;
  Options options_;
  int64_t total_ = 0;
};

}  // namespace cpprof::report
