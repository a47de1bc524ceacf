// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/filter.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/example_profile.h"
#include "tools/base/regexp.h"

namespace cpprof::profile {
namespace {

Profile Inlined() {
  ExampleBuilder builder;
  builder.Add({"leaf<mid<outer", "main"}, 1);
  builder.Add({"leaf", "main"}, 2);
  return builder.profile();
}

re2::RE2 Expression(const char* text) { return re2::RE2(text); }

TEST(FilterTest, FocusAndIgnoreChooseSamples) {
  const re2::RE2 work("work");
  const re2::RE2 hash("hash");
  Profile profile = ExampleProfile();
  const NameMatches matches =
      FilterByName(&profile, {.focus = &work, .ignore = &hash, .hide = nullptr, .show = nullptr});
  EXPECT_TRUE(matches.focus);
  EXPECT_TRUE(matches.ignore);
  EXPECT_EQ(ShowSamples(profile), "work;main 1 100\n");
}

TEST(FilterTest, HideAndShowEditStacks) {
  const re2::RE2 expression("mid|outer");
  Profile hidden = Inlined();
  FilterByName(&hidden,
               {.focus = nullptr, .ignore = nullptr, .hide = &expression, .show = nullptr});
  EXPECT_EQ(ShowSamples(hidden), "leaf;main 1 1\nleaf;main 1 2\n");
  Profile shown = Inlined();
  FilterByName(&shown, {.focus = nullptr, .ignore = nullptr, .hide = nullptr, .show = &expression});
  EXPECT_EQ(ShowSamples(shown), "mid;outer 1 1\n");
}

TEST(FilterTest, AMappingMatchesAllItsFrames) {
  const re2::RE2 binary("bin/example");
  Profile profile = ExampleProfile();
  FilterByName(&profile, {.focus = nullptr, .ignore = nullptr, .hide = &binary, .show = nullptr});
  EXPECT_TRUE(profile.samples.empty());
}

TEST(FilterTest, SamplesWithoutFramesStayOnlyWithoutFilters) {
  ExampleBuilder builder;
  builder.Add({}, 1);
  FilterByName(&builder.profile(), {});
  EXPECT_EQ(builder.profile().samples.size(), 1u);
  const re2::RE2 nothing("zzz");
  FilterByName(&builder.profile(),
               {.focus = nullptr, .ignore = &nothing, .hide = nullptr, .show = nullptr});
  EXPECT_TRUE(builder.profile().samples.empty());
}

TEST(FilterTest, ShowFromCutsCallers) {
  Profile profile = Inlined();
  EXPECT_TRUE(ShowFrom(&profile, Expression("mid")));
  EXPECT_EQ(ShowSamples(profile), "leaf;mid 1 1\n");
  Profile other = ExampleProfile();
  EXPECT_FALSE(ShowFrom(&other, Expression("zzz")));
  EXPECT_TRUE(other.samples.empty());
}

TEST(FilterTest, PruneFromCutsCallees) {
  Profile profile = Inlined();
  PruneFrom(&profile, Expression("mid"));
  EXPECT_EQ(ShowSamples(profile), "mid;outer;main 1 1\nleaf;main 1 2\n");
}

TEST(FilterTest, PruneIgnoresArgumentLists) {
  ExampleBuilder builder;
  builder.Add({"leaf", "ns::f(int)", "main"}, 1);
  builder.Add({"leaf", "ns::operator()(int)", "main"}, 2);
  builder.Add({"leaf", "(anonymous namespace)::g(long)", "main"}, 3);
  Profile& profile = builder.profile();
  PruneFrom(&profile, Expression("int|long"));
  EXPECT_EQ(profile.samples.frame_count(), 9u);
  PruneFrom(&profile, Expression("::f$|operator\\(\\)$|::g$"));
  EXPECT_EQ(profile.samples.frame_count(), 6u);
}

TEST(FilterTest, DropFramesSparesTheRoot) {
  ExampleBuilder builder;
  builder.Add({"malloc", "malloc_hook", "work", "main"}, 1);
  builder.Add({"leaf", "malloc"}, 2);
  Profile& profile = builder.profile();
  profile.drop_frames = profile.Intern("malloc.*|leaf");
  ASSERT_TRUE(RemoveUninteresting(&profile).ok());
  // The second sample has no other frame before the first match and stays whole.
  EXPECT_EQ(ShowSamples(profile), "work;main 1 1\nleaf;malloc 1 2\n");
}

TEST(FilterTest, KeepFramesWinsOverDropFrames) {
  ExampleBuilder builder;
  builder.Add({"malloc", "malloc_hook", "work", "main"}, 1);
  Profile& profile = builder.profile();
  profile.drop_frames = profile.Intern("malloc.*");
  profile.keep_frames = profile.Intern("malloc_hook");
  ASSERT_TRUE(RemoveUninteresting(&profile).ok());
  EXPECT_EQ(ShowSamples(profile), "malloc_hook;work;main 1 1\n");
}

TEST(FilterTest, BrokenDropFramesIsAnError) {
  Profile profile = ExampleProfile();
  profile.drop_frames = profile.Intern("(");
  EXPECT_EQ(RemoveUninteresting(&profile).message().substr(0, 27), "failed to compile regexp (:");
}

TEST(FilterTest, LabelsGoByKey) {
  const re2::RE2 user("user");
  Profile profile = ExampleProfile();
  EXPECT_TRUE(FilterLabels(&profile, nullptr, &user).hide);
  EXPECT_TRUE(profile.samples.Labels(0).empty());
  EXPECT_EQ(profile.samples.Labels(1).size(), 1u);
}

}  // namespace
}  // namespace cpprof::profile
