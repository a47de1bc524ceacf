// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/tools/example_profile.h"
#include "tools/graph/graph.h"
#include "tools/profile/aggregate.h"

namespace cpprof::graph {
namespace {

class BuildTest : public testing::Test {
 protected:
  // By functions, counting cpu.
  Graph BuildFrom(profile::Profile& profile, BuildOptions options = {}) {
    profile::Aggregate(&profile, {.filename = false, .line = false, .address = false});
    options.weighting.column = 1;
    table_ = std::make_shared<const NodeTable>(profile, /*object_names=*/false);
    return Build(profile, table_, options);
  }

  static NodeIndex Find(const Graph& graph, const std::string& name) {
    for (const NodeIndex node : graph.order) {
      if (graph.Name(node) == name) return node;
    }
    return kNoNode;
  }

  static const Edge* FindEdge(const Graph& graph, const std::string& from, const std::string& to) {
    for (const EdgeIndex edge : graph.nodes[Find(graph, from)].out) {
      if (graph.Name(graph.edges[edge].destination) == to) return &graph.edges[edge];
    }
    return nullptr;
  }

  std::shared_ptr<const NodeTable> table_;
};

TEST_F(BuildTest, FlatCumAndEdges) {
  profile::Profile profile = ExampleProfile();
  const Graph graph = BuildFrom(profile);
  const Node& work = graph.nodes[Find(graph, "work")];
  EXPECT_EQ(work.flat, 100);
  EXPECT_EQ(work.cum, 700);
  EXPECT_EQ(graph.nodes[Find(graph, "main")].cum, 1000);
  ASSERT_NE(FindEdge(graph, "main", "work"), nullptr);
  EXPECT_EQ(FindEdge(graph, "main", "work")->weight, 700);
  EXPECT_EQ(graph.FlatSum(), 1000);
}

TEST_F(BuildTest, RecursionCountsOnce) {
  ExampleBuilder builder;
  builder.Add({"f", "g", "f", "g", "main"}, 10);
  const Graph graph = BuildFrom(builder.profile());
  EXPECT_EQ(graph.nodes[Find(graph, "f")].cum, 10);
  EXPECT_EQ(FindEdge(graph, "g", "f")->weight, 10);
  EXPECT_EQ(FindEdge(graph, "f", "g")->weight, 10);
}

TEST_F(BuildTest, AnEdgeIsInlineOnlyIfAlways) {
  ExampleBuilder builder;
  builder.Add({"a<b", "main"}, 1);
  builder.Add({"c<d", "main"}, 1);
  builder.Add({"c", "d", "main"}, 1);
  const Graph graph = BuildFrom(builder.profile());
  EXPECT_TRUE(FindEdge(graph, "b", "a")->is_inline);
  EXPECT_FALSE(FindEdge(graph, "d", "c")->is_inline);
  EXPECT_FALSE(FindEdge(graph, "main", "b")->is_inline);
}

TEST_F(BuildTest, MarksNeedOnlyEdgesIntoInlinedNodes) {
  ExampleBuilder builder;
  builder.Add({"a<b", "main"}, 1);
  BuildOptions options;
  options.edges = Edges::kInlineMarks;
  const Graph graph = BuildFrom(builder.profile(), options);
  ASSERT_EQ(graph.edges.size(), 1u);
  EXPECT_EQ(graph.Name(graph.edges[0].destination), "a");
}

// Reports without edges take a way of their own, on several threads when the profile is large: the
// sums have to be those of the general way.
TEST_F(BuildTest, SumsWithoutEdgesAreTheSame) {
  ExampleBuilder builder;
  std::vector<std::string> stack;
  uint32_t random = 1;
  for (int row = 0; row < 60'000; ++row) {
    stack.clear();
    for (int depth = 0; depth < 40; ++depth) {
      random = random * 1664525 + 1013904223;
      stack.push_back("f" + std::to_string(random >> 24));
    }
    builder.Add(stack, row % 3 - 1);
  }
  ASSERT_GT(builder.profile().samples.frame_count(), 2'000'000u);
  const Graph full = BuildFrom(builder.profile());
  BuildOptions options;
  options.edges = Edges::kNone;
  const Graph sums = BuildFrom(builder.profile(), options);
  ASSERT_EQ(sums.order, full.order);
  for (const NodeIndex node : full.order) {
    EXPECT_EQ(sums.nodes[node].flat, full.nodes[node].flat) << full.Name(node);
    EXPECT_EQ(sums.nodes[node].cum, full.nodes[node].cum) << full.Name(node);
  }
}

TEST_F(BuildTest, GapsMakeResidualEdges) {
  profile::Profile profile = ExampleProfile();
  const Graph full = BuildFrom(profile);
  BuildOptions options;
  options.kept.assign(full.nodes.size(), true);
  options.kept[Find(full, "work")] = false;
  const Graph graph = BuildFrom(profile, options);
  const Edge* edge = FindEdge(graph, "main", "hash");
  ASSERT_NE(edge, nullptr);
  EXPECT_TRUE(edge->residual);
  // The sample whose leaf was dropped is nobody's flat value.
  EXPECT_EQ(graph.FlatSum(), 900);
}

TEST_F(BuildTest, NegativeNodesCanBeDropped) {
  ExampleBuilder builder;
  builder.Add({"less", "main"}, -5);
  builder.Add({"more", "main"}, 9);
  EXPECT_NE(Find(BuildFrom(builder.profile()), "less"), kNoNode);
  BuildOptions options;
  options.drop_negative = true;
  EXPECT_EQ(Find(BuildFrom(builder.profile(), options), "less"), kNoNode);
}

TEST_F(BuildTest, ACallTreeTellsPathsApart) {
  ExampleBuilder builder;
  builder.Add({"f", "a", "main"}, 1);
  builder.Add({"f", "b", "main"}, 2);
  BuildOptions options;
  options.call_tree = true;
  const Graph graph = BuildFrom(builder.profile(), options);
  const auto is_f = [&](NodeIndex node) { return graph.Name(node) == "f"; };
  EXPECT_EQ(std::count_if(graph.order.begin(), graph.order.end(), is_f), 2);
}

TEST_F(BuildTest, MeansDivideByTheFirstValue) {
  ExampleBuilder builder;
  builder.Add({"f", "main"}, 10);
  builder.Add({"f", "g", "main"}, 30);
  BuildOptions options;
  options.weighting.mean = true;
  const Graph graph = BuildFrom(builder.profile(), options);
  EXPECT_EQ(graph.nodes[Find(graph, "f")].CumValue(), 20);
}

TEST_F(BuildTest, LabelsBecomeTags) {
  profile::Profile profile = ExampleProfile();
  BuildOptions options;
  options.bytes_unit = "bytes";
  options.format_tag = [](int64_t value, std::string_view unit) {
    return std::to_string(value) + std::string(unit);
  };
  const Graph graph = BuildFrom(profile, options);
  const NodeTags& tags = graph.tags[Find(graph, "work")];
  ASSERT_EQ(tags.labels.count("user:bob"), 1u);
  EXPECT_EQ(tags.labels.at("user:bob").cum, 600);
  EXPECT_EQ(tags.labels.at("user:bob").flat, 0);
  EXPECT_EQ(tags.numbers.at("user:eve").at("2048bytes").flat, 100);
}

TEST_F(BuildTest, SumsWrapInsteadOfOverflowing) {
  ExampleBuilder builder;
  builder.Add({"f"}, INT64_MAX);
  builder.Add({"f"}, INT64_MAX);
  EXPECT_EQ(BuildFrom(builder.profile()).nodes[0].cum, -2);
}

}  // namespace
}  // namespace cpprof::graph
