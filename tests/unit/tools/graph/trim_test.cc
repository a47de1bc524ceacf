// SPDX-License-Identifier: Apache-2.0
#include "tools/graph/trim.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"
#include "tools/base/strings.h"
#include "tools/profile/aggregate.h"

namespace cpprof::graph {
namespace {

Graph BuildFrom(profile::Profile profile, bool call_tree = false) {
  profile::Aggregate(&profile, {.filename = false, .line = false, .address = false});
  BuildOptions options;
  options.weighting.column = 1;
  options.call_tree = call_tree;
  return Build(profile, std::make_shared<const NodeTable>(profile, false), options);
}

std::string Order(const Graph& graph, const std::vector<NodeIndex>& nodes) {
  std::vector<std::string> names;
  for (const NodeIndex node : nodes) names.push_back(graph.Name(node));
  return Join(names, " ");
}

TEST(TrimTest, OrdersByValueThenName) {
  ExampleBuilder builder;
  builder.Add({"b", "main"}, 5);
  builder.Add({"a", "main"}, 5);
  builder.Add({"c", "main"}, -9);
  Graph graph = BuildFrom(builder.profile());
  SortNodes(&graph, NodeOrder::kFlat);
  EXPECT_EQ(Order(graph, graph.order), "c a b main");
  SortNodes(&graph, NodeOrder::kCum);
  EXPECT_EQ(Order(graph, graph.order), "c a b main");
}

TEST(TrimTest, CutoffIsOnTheSizeOfCum) {
  Graph graph = BuildFrom(ExampleProfile());
  SortNodes(&graph, NodeOrder::kCum);
  EXPECT_EQ(Order(graph, NodesAbove(graph, 600)), "main work hash");
  EXPECT_EQ(Order(graph, TopNodes(graph, 2, /*drawn=*/false)), "main work");
}

TEST(TrimTest, SmallEdgesGo) {
  Graph graph = BuildFrom(ExampleProfile());
  EXPECT_EQ(TrimEdges(&graph, 500), 1u);
  EXPECT_EQ(TrimEdges(&graph, 500), 0u);
}

TEST(TrimTest, ATreeLosesNodesButNotTheirCallees) {
  Graph graph = BuildFrom(ExampleProfile(), /*call_tree=*/true);
  std::vector<NodeIndex> kept;
  for (const NodeIndex node : graph.order) {
    if (graph.Name(node) != "work") kept.push_back(node);
  }
  TrimTree(&graph, kept);
  for (const NodeIndex node : graph.order) {
    if (graph.Name(node) != "hash") continue;
    ASSERT_EQ(graph.nodes[node].in.size(), 1u);
    const Edge& edge = graph.edges[graph.nodes[node].in[0]];
    EXPECT_EQ(graph.Name(edge.source), "main");
    EXPECT_TRUE(edge.residual);
  }
}

TEST(TrimTest, ResidualEdgesBesideAnotherPathGo) {
  ExampleBuilder builder;
  builder.Add({"c", "b", "a"}, 10);
  builder.Add({"c", "x", "a"}, 1);
  profile::Profile profile = builder.profile();
  profile::Aggregate(&profile, {.filename = false, .line = false, .address = false});
  const auto table = std::make_shared<const NodeTable>(profile, false);
  BuildOptions options;
  options.weighting.column = 1;
  options.kept.assign(table->size(), true);
  for (NodeIndex node = 0; node < table->size(); ++node) {
    if (table->PrintableName(node) == "x") options.kept[node] = false;
  }
  Graph graph = Build(profile, table, options);
  ASSERT_EQ(graph.edges.size(), 3u);
  SortNodes(&graph, NodeOrder::kCum);
  RemoveRedundantEdges(&graph);
  size_t left = 0;
  for (const NodeIndex node : graph.order) left += graph.nodes[node].in.size();
  EXPECT_EQ(left, 2u);
}

TEST(TrimTest, NodesThatOnlyPassOnScoreLow) {
  const Graph graph = BuildFrom(ExampleProfile());
  std::map<std::string, int64_t> scores;
  for (const NodeIndex node : graph.order) scores[graph.Name(node)] = EntropyScore(graph, node);
  EXPECT_EQ(scores["hash"], 600 + 600);
  EXPECT_GT(scores["main"], scores["work"]);
}

}  // namespace
}  // namespace cpprof::graph
