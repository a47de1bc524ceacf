// SPDX-License-Identifier: Apache-2.0
#include "tools/graph/node_table.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"
#include "tools/profile/aggregate.h"

namespace cpprof::graph {
namespace {

std::string NameOf(const NodeInfo& wanted, const profile::Profile& profile) {
  const NodeTable table(profile, /*object_names=*/false);
  for (NodeIndex node = 0; node < table.size(); ++node) {
    if (table.Info(node) == wanted) return table.PrintableName(node);
  }
  return "not there";
}

TEST(NodeTableTest, NamesSayWhatIsKnown) {
  ExampleBuilder builder;
  builder.Add({"f"}, 1);
  profile::Profile& profile = builder.profile();
  const NodeTable full(profile, /*object_names=*/false);
  EXPECT_EQ(full.PrintableName(0), "0000000000001000 f f.cc:10");

  profile::Aggregate(&profile, {.line = false, .address = false});
  EXPECT_EQ(NameOf({.name = profile.Intern("f"), .file = profile.Intern("f.cc")}, profile),
            "f f.cc");
  profile::Aggregate(&profile, {.filename = false});
  EXPECT_EQ(NameOf({.name = profile.Intern("f")}, profile), "f");
}

TEST(NodeTableTest, NamelessLocationsShowTheirBinary) {
  profile::Profile profile = ExampleProfile();
  const profile::LocationIndex location = profile.AddLocation(0x1234, 0);
  const profile::LocationIndex lost = profile.AddLocation(0);
  const NodeTable table(profile, /*object_names=*/false);
  EXPECT_EQ(table.PrintableName(table.Frames(location)[0]), "0000000000001234 [example]");
  EXPECT_EQ(table.PrintableName(table.Frames(lost)[0]), "<unknown>");
}

TEST(NodeTableTest, SpellingsOfAFileMeet) {
  profile::Profile profile = ExampleProfile();
  for (const char* file : {"a//b.cc", "a/./b.cc"}) {
    const profile::Line line{.function = profile.AddFunction("f", "f", file), .line = 1};
    profile.SetLines(profile.AddLocation(0), {&line, 1});
  }
  const NodeTable table(profile, /*object_names=*/false);
  EXPECT_EQ(table.Frames(4)[0], table.Frames(5)[0]);
}

TEST(NodeTableTest, NamelessFunctionsOfDifferentBinariesStayApart) {
  profile::Profile profile = ExampleProfile();
  const profile::Line line{.function = profile.AddFunction("", "", "a.cc")};
  const profile::LocationIndex anywhere = profile.AddLocation(0);
  const profile::LocationIndex here = profile.AddLocation(0, 0);
  profile.SetLines(anywhere, {&line, 1});
  profile.SetLines(here, {&line, 1});
  const NodeTable table(profile, /*object_names=*/false);
  EXPECT_NE(table.Frames(anywhere)[0], table.Frames(here)[0]);
}

TEST(NodeTableTest, InlinedFramesComeInnermostFirst) {
  ExampleBuilder builder;
  const profile::LocationIndex location = builder.Location("inner<outer");
  const NodeTable table(builder.profile(), /*object_names=*/false);
  ASSERT_EQ(table.Frames(location).size(), 2u);
  EXPECT_TRUE(table.MayBeInlined(table.Frames(location)[0]));
  EXPECT_FALSE(table.MayBeInlined(table.Frames(location)[1]));
}

}  // namespace
}  // namespace cpprof::graph
