// SPDX-License-Identifier: Apache-2.0
//
// topproto: the rows of top as a profile.proto: one sample with one location a node, its values cum
// and flat.
#include "tools/base/arithmetic.h"
#include "tools/base/gzip.h"
#include "tools/measurement/measurement.h"
#include "tools/profile/encode.h"
#include "tools/report/formats.h"
#include "tools/report/trimmed_graph.h"

namespace cpprof::report {
namespace {

// Functions of the new profile by what makes them equal.
class FunctionTable {
 public:
  explicit FunctionTable(profile::Profile* profile) : profile_(*profile) {}

  profile::FunctionIndex FindOrAdd(const graph::NodeInfo& info) {
    const Key key{info.name, info.file, info.start_line};
    const auto [entry, is_new] =
        known_.try_emplace(key, static_cast<profile::FunctionIndex>(profile_.functions.size()));
    if (is_new) {
      profile_.functions.push_back(
          {.name = info.name, .filename = info.file, .start_line = info.start_line});
    }
    return entry->second;
  }

 private:
  using Key = std::tuple<profile::StringId, profile::StringId, int64_t>;

  profile::Profile& profile_;
  std::map<Key, profile::FunctionIndex> known_;
};

}  // namespace

Status WriteTopProto(Report* report, std::string* out) {
  const TrimmedGraph trimmed = BuildTrimmedGraph(report);
  const graph::Graph& graph = trimmed.graph;
  report->SelectOutputUnit(graph);
  const Options& options = report->options();
  const profile::Profile& source = report->profile();

  profile::Profile top;
  top.strings = source.strings;
  top.AddSampleType("cum", options.output_unit);
  top.AddSampleType("flat", options.output_unit);
  top.time_nanos = source.time_nanos;
  top.duration_nanos = source.duration_nanos;
  top.period_type = source.period_type;
  top.period = source.period;
  const auto scale = [&](int64_t value) {
    return TruncateToInt(measurement::Scale(value, options.sample_unit, options.output_unit).value);
  };
  FunctionTable functions(&top);
  for (const graph::NodeIndex index : graph.order) {
    const graph::Node& node = graph.nodes[index];
    const graph::NodeInfo& info = graph.Info(index);
    const profile::LocationIndex location = top.AddLocation(info.address);
    const profile::Line line{.function = functions.FindOrAdd(info), .line = info.line};
    top.SetLines(location, {&line, 1});
    const int64_t values[] = {scale(node.CumValue()), scale(node.FlatValue())};
    top.AddSample({&location, 1}, values);
  }
  Result<std::string> compressed = GzipCompress(profile::Encode(top));
  if (!compressed.ok()) return compressed.status();
  *out += *compressed;
  return Status::Ok();
}

}  // namespace cpprof::report
