// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/mode.h"

#include <gtest/gtest.h>

namespace cpprof::symbolize {
namespace {

TEST(ParseMode, WordsCombine) {
  CollectedNotices notices;
  EXPECT_TRUE(ParseMode("", &notices).local);
  EXPECT_TRUE(ParseMode("", &notices).remote);
  EXPECT_TRUE(ParseMode("none", &notices).none);
  EXPECT_TRUE(ParseMode("No", &notices).none);
  EXPECT_FALSE(ParseMode("local", &notices).remote);
  EXPECT_TRUE(ParseMode("fastlocal", &notices).fast);
  EXPECT_FALSE(ParseMode("remote", &notices).local);
  EXPECT_TRUE(ParseMode("local:force", &notices).force);
  EXPECT_FALSE(ParseMode("demangle=default", &notices).force);
  const Mode full = ParseMode("LOCAL:Demangle=Full", &notices);
  EXPECT_EQ(full.demangle, DemangleStyle::kFull);
  EXPECT_TRUE(full.force);
  EXPECT_EQ(ParseMode("demangle=templates", &notices).demangle, DemangleStyle::kTemplates);
  EXPECT_EQ(ParseMode("demangle=none", &notices).demangle, DemangleStyle::kNone);
  EXPECT_TRUE(notices.lines().empty());
}

TEST(ParseMode, UnknownWordsAreReported) {
  CollectedNotices notices;
  EXPECT_TRUE(ParseMode("local:Sideways", &notices).local);
  ASSERT_EQ(notices.lines().size(), 2u);
  EXPECT_EQ(notices.lines()[0], "ignoring unrecognized symbolization option: local:Sideways");
  EXPECT_TRUE(notices.lines()[1].starts_with("expecting -symbolize="));
}

}  // namespace
}  // namespace cpprof::symbolize
