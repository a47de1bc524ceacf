// SPDX-License-Identifier: Apache-2.0
//
// See generate.h.
#include "tools/driver/generate.h"

#include <functional>
#include <map>
#include <utility>

#include "tools/base/path.h"
#include "tools/base/regexp.h"
#include "tools/base/strings.h"
#include "tools/driver/draw.h"
#include "tools/driver/filters.h"
#include "tools/driver/label_frames.h"
#include "tools/profile/aggregate.h"
#include "tools/report/formats.h"
#include "tools/report/header.h"
#include "tools/report/label_units.h"
#include "tools/report/report.h"

namespace cpprof::driver {
namespace {

using report::Layout;

constexpr int64_t kDefaultNodeCount = 80;

// Listings are of chosen functions, which must not be trimmed away; machine formats are complete.
bool IsNeverTrimmed(const Command& command) {
  switch (command.layout) {
    case Layout::kDisassembly:
    case Layout::kWebList:
    case Layout::kList:
    case Layout::kProto:
    case Layout::kRaw:
    case Layout::kCallgrind:
      return true;
    default:
      return command.name == "peek";
  }
}

// What a command sets whatever the user wants.
Config WithCommandSettings(const Command& command, Config config) {
  switch (command.layout) {
    case Layout::kDisassembly:
      // With inlined calls an instruction would be counted once for each of them.
      config.granularity = "addresses";
      config.no_inlines = true;
      break;
    case Layout::kWebList:
      config.granularity = "addresses";
      config.no_inlines = false;
      break;
    case Layout::kList:
      config.granularity = "lines";
      break;
    case Layout::kProto:
    case Layout::kRaw:
    case Layout::kCallgrind:
      config.granularity = "addresses";
      break;
    default:
      break;
  }
  if (config.node_count == -1) {
    const bool unlimited = command.layout == Layout::kText || command.layout == Layout::kTopProto;
    config.node_count = unlimited ? 0 : kDefaultNodeCount;
  }
  if (IsNeverTrimmed(command) || !config.trim) {
    config.node_count = 0;
    config.node_fraction = 0;
    config.edge_fraction = 0;
  }
  return config;
}

void AggregateTo(profile::Profile* profile, const Config& config) {
  profile::Detail detail{.inlines = !config.no_inlines,
                         .function = false,
                         .filename = false,
                         .line = false,
                         .column = config.show_columns,
                         .address = false};
  const std::string& granularity = config.granularity;
  if (granularity == "addresses") {
    if (detail.inlines) return;
    detail.function = detail.filename = detail.line = detail.address = true;
  } else if (granularity == "lines") {
    detail.function = detail.filename = detail.line = true;
  } else if (granularity == "filefunctions") {
    detail.function = detail.filename = true;
  } else if (granularity == "files") {
    detail.filename = true;
  } else {
    detail.function = true;
  }
  profile::Aggregate(profile, detail);
}

Result<report::Options> MakeReportOptions(const profile::Profile& profile, const Config& config,
                                          std::map<std::string, std::string> label_units) {
  if (profile.sample_types.empty()) return Status::Error("profile has no samples");
  const Result<size_t> index = FindSampleIndex(profile, config.sample_index);
  if (!index.ok()) return index.status();
  if (config.divide_by == 0) return Status::Error("zero divisor specified");

  report::Options options;
  const profile::ValueType& type = profile.sample_types[*index];
  options.weighting = {.column = *index, .mean = config.mean};
  options.sample_type = (config.mean ? "mean_" : "") + std::string(profile.Text(type.type));
  options.sample_unit = profile.Text(type.unit);
  options.output_unit = config.unit;
  options.ratio = 1 / config.divide_by;
  options.label_units = std::move(label_units);
  options.cum_sort = config.sort == "cum";
  options.call_tree = config.call_tree;
  options.drop_negative = config.drop_negative;
  options.compact_labels = config.compact_labels;
  options.node_count = config.node_count;
  options.node_fraction = config.node_fraction;
  options.edge_fraction = config.edge_fraction;
  options.active_filters = ActiveFilters(config);
  options.source_path = config.source_path;
  options.trim_path = config.trim_path;
  options.intel_syntax = config.intel_syntax;
  if (!profile.mappings.empty() && profile.mappings.front().file != 0) {
    options.title = BaseName(profile.Text(profile.mappings.front().file));
  }
  return options;
}

std::string TypeList(const profile::Profile& profile) {
  std::string list = "[";
  for (const profile::ValueType& type : profile.sample_types) {
    if (list.size() > 1) list += ' ';
    list += profile.Text(type.type);
  }
  return list + "]";
}

// Hands the report that these settings describe to `use`.
Status WithReport(profile::Profile profile, const Request& request, const Config& user_config,
                  Notices* notices, const std::function<Status(report::Report*)>& use) {
  const Command& command = *request.command;
  auto label_units = report::FindLabelUnits(profile, notices);
  const Config config = WithCommandSettings(command, user_config);

  const LabelFrameMatches frames =
      AddLabelFrames(&profile, config.tag_root, config.tag_leaf, config.unit);
  WarnUnlessMatched(config.tag_root.empty() || frames.root, "TagRoot", notices);
  WarnUnlessMatched(config.tag_leaf.empty() || frames.leaf, "TagLeaf", notices);

  if (config.relative_percentages) {
    Status filtered = ApplyFilters(&profile, config, label_units, notices);
    if (!filtered.ok()) return filtered;
  }
  Result<report::Options> options = MakeReportOptions(profile, config, label_units);
  if (!options.ok()) return options.status();
  options->layout = command.layout;
  options->tools = config.tools;
  options->notices = notices;
  if (!request.regexp.empty()) {
    auto symbol = CompileRegexp(request.regexp);
    if (!symbol.ok()) {
      return symbol.status().Annotate("parsing argument regexp " + request.regexp);
    }
    options->symbol = std::move(*symbol);
  }
  report::Report report(&profile, std::move(*options));
  if (!config.relative_percentages) {
    Status filtered = ApplyFilters(&profile, config, label_units, notices);
    if (!filtered.ok()) return filtered;
  }
  AggregateTo(&profile, config);
  return use(&report);
}

}  // namespace

Result<size_t> FindSampleIndex(const profile::Profile& profile, const std::string& sample_index) {
  const std::vector<profile::ValueType>& types = profile.sample_types;
  if (sample_index.empty()) {
    for (size_t i = 0; profile.default_sample_type != 0 && i < types.size(); ++i) {
      if (types[i].type == profile.default_sample_type) return i;
    }
    return types.size() - 1;
  }
  if (const std::optional<int64_t> number = ParseInt(sample_index)) {
    if (*number >= 0 && static_cast<uint64_t>(*number) < types.size()) {
      return static_cast<size_t>(*number);
    }
    return Status::Error(StrFormat("sample_index %s is outside the range [0..%zu]",
                                   sample_index.c_str(), types.size() - 1));
  }
  // Old heap profiles have "space" where others have "inuse_space".
  constexpr std::string_view kInUse = "inuse_";
  std::string_view old_name = sample_index;
  if (old_name.substr(0, kInUse.size()) == kInUse) old_name.remove_prefix(kInUse.size());
  for (size_t i = 0; i < types.size(); ++i) {
    const std::string_view name = profile.Text(types[i].type);
    if (name == sample_index || name == old_name) return i;
  }
  return Status::Error("sample_index " + Quote(sample_index) +
                       " must be one of: " + TypeList(profile));
}

Result<std::string> GenerateReport(profile::Profile profile, const Request& request,
                                   const Config& config, Notices* notices) {
  const Command& command = *request.command;
  Status encodable = CheckEncoding(command, config.encoding);
  if (!encodable.ok()) return encodable;
  auto write = command.write;
  if (config.encoding == "json") write = report::WriteJson;
  if (config.encoding == "csv") write = report::WriteCsv;
  const Activity making(notices, "Making the report");
  std::string out;
  Status written = WithReport(std::move(profile), request, config, notices,
                              [&](report::Report* report) { return write(report, &out); });
  if (!written.ok()) return written;
  if (!command.picture.empty()) return Draw(out, command.picture);
  return out;
}

Result<report::Excesses> FindExcesses(profile::Profile profile,
                                      const std::vector<report::Limit>& limits,
                                      const std::string& functions, const Config& config,
                                      Notices* notices) {
  report::Excesses excesses;
  const Request request = {.command = FindCommand("top"), .regexp = functions};
  Status status = WithReport(std::move(profile), request, config, notices,
                             [&](report::Report* report) -> Status {
                               auto found = report::FindExcesses(report, limits);
                               if (found.ok()) excesses = std::move(*found);
                               return found.status();
                             });
  if (!status.ok()) return status;
  return excesses;
}

Result<std::vector<std::string>> DescribeProfile(profile::Profile profile, const Config& config,
                                                 Notices* notices) {
  Result<report::Options> options =
      MakeReportOptions(profile, config, report::FindLabelUnits(profile, notices));
  if (!options.ok()) return options.status();
  const report::Report report(&profile, std::move(*options));
  std::vector<std::string> lines = report::ProfileHeader(report);
  if (report.total() == 0 && profile.sample_types.size() > 1) {
    lines.push_back("No samples were found with the default sample value type.");
    lines.push_back("Try \"sample_index\" command to analyze different sample values.\n");
  }
  return lines;
}

}  // namespace cpprof::driver
