// SPDX-License-Identifier: Apache-2.0
//
// Builds a graph from samples. For a million samples of 40 frames the inner loop runs 40 million
// times, and what it touches must stay in the cache: a frame is one access to the table of
// locations and one to the node's sum, with the mark "already counted in this sample" beside it.
// Only reports that show edges pay for looking one up.
#include <algorithm>
#include <utility>

#include "tools/base/arithmetic.h"
#include "tools/base/index_set.h"
#include "tools/base/strings.h"
#include "tools/graph/graph.h"
#include "tools/graph/node_sums.h"

namespace cpprof::graph {
namespace {

using profile::Label;
using profile::LocationIndex;
using profile::Profile;

constexpr std::string_view kBytesKey = "bytes";
constexpr std::string_view kDiffBaseKey = "pprof::base";

// The labels of one sample as tags.
class SampleTags {
 public:
  SampleTags(const Profile& profile, const BuildOptions& options)
      : profile_(profile), options_(options) {}

  bool wanted() const { return options_.format_tag != nullptr; }

  void Load(size_t row) {
    std::vector<std::string> texts;
    numbers_.clear();
    for (const Label& label : profile_.samples.Labels(row)) {
      const std::string_view key = profile_.Text(label.key);
      if (label.numeric) {
        if (key == kBytesKey) {
          numbers_.push_back(
              {label.number, options_.format_tag(label.number, options_.bytes_unit)});
        }
      } else if (key != kDiffBaseKey) {
        texts.push_back(std::string(key) + ":" + std::string(profile_.Text(label.text)));
      }
    }
    std::sort(texts.begin(), texts.end());
    text_ = Join(texts, "\\n");
  }

  void AddTo(NodeTags* tags, int64_t value, int64_t divisor, bool flat) const {
    if (!text_.empty()) Count(FindOrAdd(&tags->labels, text_, "", 0), value, divisor, flat);
    if (numbers_.empty()) return;
    TagMap& numbers = tags->numbers[text_];
    for (const auto& [number, name] : numbers_) {
      Count(FindOrAdd(&numbers, name, options_.bytes_unit, number), value, divisor, flat);
    }
  }

 private:
  static Tag* FindOrAdd(TagMap* map, const std::string& name, const std::string& unit,
                        int64_t value) {
    return &map->try_emplace(name, Tag{.name = name, .unit = unit, .value = value}).first->second;
  }

  static void Count(Tag* tag, int64_t value, int64_t divisor, bool flat) {
    int64_t& sum = flat ? tag->flat : tag->cum;
    int64_t& divisor_sum = flat ? tag->flat_divisor : tag->cum_divisor;
    sum = WrapAdd(sum, value);
    divisor_sum = WrapAdd(divisor_sum, divisor);
  }

  const Profile& profile_;
  const BuildOptions& options_;
  std::string text_;
  std::vector<std::pair<int64_t, std::string>> numbers_;
};

// What graph and tree builders share.
class Builder {
 public:
  Builder(const Profile& profile, std::shared_ptr<const NodeTable> table,
          const BuildOptions& options)
      : profile_(profile), options_(options), table_(*table), tags_(profile, options) {
    graph_.table = std::move(table);
  }

 protected:
  // Sets value_ and divisor_; false for a sample that counts nothing.
  bool LoadSample(size_t row) {
    const auto values = profile_.samples.Values(row);
    value_ = values[options_.weighting.column];
    divisor_ = options_.weighting.mean ? values[0] : 0;
    if (value_ == 0 && divisor_ == 0) return false;
    if (tags_.wanted()) tags_.Load(row);
    return true;
  }

  void CountCum(NodeIndex node) {
    Node& counted = graph_.nodes[node];
    counted.cum = WrapAdd(counted.cum, value_);
    counted.cum_divisor = WrapAdd(counted.cum_divisor, divisor_);
    if (tags_.wanted()) tags_.AddTo(&graph_.tags[node], value_, divisor_, false);
  }

  void CountFlat(NodeIndex node) {
    Node& counted = graph_.nodes[node];
    counted.flat = WrapAdd(counted.flat, value_);
    counted.flat_divisor = WrapAdd(counted.flat_divisor, divisor_);
    if (tags_.wanted()) tags_.AddTo(&graph_.tags[node], value_, divisor_, true);
  }

  EdgeIndex FindOrAddEdge(NodeIndex source, NodeIndex destination) {
    const uint64_t hash = HashMix(source, destination);
    EdgeIndex edge = edges_.Find(hash, [&](EdgeIndex other) {
      return graph_.edges[other].source == source && graph_.edges[other].destination == destination;
    });
    if (edge != IndexSet::kAbsent) return edge;
    edge = static_cast<EdgeIndex>(graph_.edges.size());
    graph_.edges.push_back({.source = source, .destination = destination, .is_inline = true});
    edges_.Insert(hash, edge);
    // Marks are made of what leads into a node.
    if (options_.edges != Edges::kInlineMarks) graph_.nodes[source].out.push_back(edge);
    graph_.nodes[destination].in.push_back(edge);
    return edge;
  }

  void CountEdge(EdgeIndex index, bool residual, bool is_inline) {
    Edge& edge = graph_.edges[index];
    edge.weight = WrapAdd(edge.weight, value_);
    edge.weight_divisor = WrapAdd(edge.weight_divisor, divisor_);
    edge.residual |= residual;
    edge.is_inline &= is_inline;
  }

  // Lists the nodes worth showing.
  Graph Finish() {
    for (NodeIndex i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (node.cum == 0 && node.flat == 0) continue;
      const bool negative = node.flat < 0 || (node.flat == 0 && node.cum < 0);
      if (options_.drop_negative && negative) continue;
      graph_.order.push_back(i);
    }
    return std::move(graph_);
  }

  const Profile& profile_;
  const BuildOptions& options_;
  const NodeTable& table_;
  SampleTags tags_;
  Graph graph_;
  IndexSet edges_;
  int64_t value_ = 0;
  int64_t divisor_ = 0;
};

class GraphBuilder : public Builder {
 public:
  using Builder::Builder;

  Graph Run() {
    graph_.nodes.resize(table_.size());
    for (NodeIndex i = 0; i < table_.size(); ++i) graph_.nodes[i].info = i;
    if (IsSimple()) return RunSimple();
    if (tags_.wanted()) graph_.tags.resize(table_.size());
    sums_.resize(table_.size());
    for (size_t row = 0; row < profile_.samples.size(); ++row) {
      if (LoadSample(row)) AddStack(row);
    }
    for (NodeIndex i = 0; i < table_.size(); ++i) graph_.nodes[i].cum = sums_[i].cum;
    return Finish();
  }

 private:
  static constexpr uint32_t kNever = UINT32_MAX;

  // Only sums are asked for, perhaps with marks of inlining.
  bool IsSimple() const {
    return options_.edges != Edges::kAll && !options_.weighting.mean && !tags_.wanted();
  }

  Graph RunSimple() {
    const std::vector<NodeSum> sums = SumNodes(profile_, table_, options_.weighting.column);
    for (NodeIndex i = 0; i < table_.size(); ++i) {
      if (!IsKept(i)) continue;
      graph_.nodes[i].flat = sums[i].flat;
      graph_.nodes[i].cum = sums[i].cum;
    }
    if (options_.edges == Edges::kInlineMarks) {
      for (size_t row = 0; row < profile_.samples.size(); ++row) {
        if (LoadSample(row)) AddMarks(row);
      }
    }
    return Finish();
  }

  struct Call {
    NodeIndex caller = kNoNode;
    NodeIndex callee = kNoNode;
    bool residual = false;
    bool is_inline = false;
  };

  // The edges into nodes that may be inlined. There are so many that each is a wait for memory, so
  // those of a whole stack are waited for together.
  void AddMarks(size_t row) {
    calls_.clear();
    CollectCalls(row);
    for (const Call& call : calls_) edges_.Prefetch(HashMix(call.caller, call.callee));
    for (const Call& call : calls_) {
      const EdgeIndex edge = edges_.Likely(HashMix(call.caller, call.callee));
      if (edge == IndexSet::kAbsent) continue;
      __builtin_prefetch(&graph_.edges[edge], 1);
      __builtin_prefetch(&edge_samples_[edge], 1);
    }
    for (const Call& call : calls_) {
      AddCall(call.caller, call.callee, static_cast<uint32_t>(row), call.residual, call.is_inline);
    }
  }

  void CollectCalls(size_t row) {
    const std::span<const LocationIndex> stack = profile_.samples.Stack(row);
    for (const LocationIndex location : stack) table_.Prefetch(location);
    NodeIndex parent = kNoNode;
    bool residual = false;
    for (size_t i = stack.size(); i > 0; --i) {
      const std::span<const NodeIndex> frames = table_.Frames(stack[i - 1]);
      for (size_t k = frames.size(); k > 0; --k) {
        const NodeIndex node = frames[k - 1];
        if (!IsKept(node)) {
          residual = true;
          continue;
        }
        if (parent != kNoNode && parent != node && table_.MayBeInlined(node)) {
          calls_.push_back({parent, node, residual, k != frames.size()});
        }
        parent = node;
        residual = false;
      }
    }
  }

  struct Sum {
    int64_t cum = 0;
    uint32_t last_sample = kNever;  // that counted the node
  };

  bool IsKept(NodeIndex node) const { return options_.kept.empty() || options_.kept[node]; }

  void AddStack(size_t row) {
    const std::span<const LocationIndex> stack = profile_.samples.Stack(row);
    const auto sample = static_cast<uint32_t>(row);
    for (const LocationIndex location : stack) table_.Prefetch(location);
    NodeIndex parent = kNoNode;
    bool residual = false;
    for (size_t i = stack.size(); i > 0; --i) {
      const std::span<const NodeIndex> frames = table_.Frames(stack[i - 1]);
      for (size_t k = frames.size(); k > 0; --k) {
        const NodeIndex node = frames[k - 1];
        if (!IsKept(node)) {
          residual = true;
          continue;
        }
        Sum& sum = sums_[node];
        if (sum.last_sample != sample) {
          sum.last_sample = sample;
          sum.cum = WrapAdd(sum.cum, value_);
          if (options_.weighting.mean || tags_.wanted()) CountCumDetails(node);
        }
        if (options_.edges != Edges::kNone) {
          AddCall(parent, node, sample, residual, k != frames.size());
        }
        parent = node;
        residual = false;
      }
    }
    if (parent != kNoNode && !residual) CountFlat(parent);
  }

  // What CountCum does besides the sum.
  void CountCumDetails(NodeIndex node) {
    int64_t& divisor = graph_.nodes[node].cum_divisor;
    divisor = WrapAdd(divisor, divisor_);
    if (tags_.wanted()) tags_.AddTo(&graph_.tags[node], value_, divisor_, false);
  }

  void AddCall(NodeIndex caller, NodeIndex callee, uint32_t sample, bool residual, bool is_inline) {
    if (caller == kNoNode || caller == callee) return;
    const EdgeIndex edge = FindOrAddEdge(caller, callee);
    if (edge == edge_samples_.size()) edge_samples_.push_back(kNever);
    if (edge_samples_[edge] == sample) return;
    edge_samples_[edge] = sample;
    CountEdge(edge, residual, is_inline);
  }

  std::vector<Sum> sums_;
  std::vector<uint32_t> edge_samples_;  // the last sample that counted the edge
  std::vector<Call> calls_;
};

// One node a path: a child is found by its parent and its info.
class TreeBuilder : public Builder {
 public:
  using Builder::Builder;

  Graph Run() {
    for (size_t row = 0; row < profile_.samples.size(); ++row) {
      if (LoadSample(row)) AddStack(row);
    }
    return Finish();
  }

 private:
  void AddStack(size_t row) {
    const std::span<const LocationIndex> stack = profile_.samples.Stack(row);
    NodeIndex parent = kNoNode;
    for (size_t i = stack.size(); i > 0; --i) {
      const std::span<const NodeIndex> frames = table_.Frames(stack[i - 1]);
      for (size_t k = frames.size(); k > 0; --k) {
        const NodeIndex node = FindOrAddChild(parent, frames[k - 1]);
        CountCum(node);
        if (parent != kNoNode) {
          CountEdge(FindOrAddEdge(parent, node), /*residual=*/false, k != frames.size());
        }
        parent = node;
      }
    }
    if (parent != kNoNode) CountFlat(parent);
  }

  NodeIndex FindOrAddChild(NodeIndex parent, NodeIndex info) {
    const uint64_t hash = HashMix(parent, info);
    NodeIndex node = children_.Find(hash, [&](NodeIndex other) {
      return graph_.parents[other] == parent && graph_.nodes[other].info == info;
    });
    if (node != IndexSet::kAbsent) return node;
    node = static_cast<NodeIndex>(graph_.nodes.size());
    graph_.nodes.emplace_back().info = info;
    graph_.parents.push_back(parent);
    if (tags_.wanted()) graph_.tags.emplace_back();
    children_.Insert(hash, node);
    return node;
  }

  IndexSet children_;
};

}  // namespace

Graph Build(const Profile& profile, std::shared_ptr<const NodeTable> table,
            const BuildOptions& options) {
  if (options.call_tree) return TreeBuilder(profile, std::move(table), options).Run();
  return GraphBuilder(profile, std::move(table), options).Run();
}

}  // namespace cpprof::graph
