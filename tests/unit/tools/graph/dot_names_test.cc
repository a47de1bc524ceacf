// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "tools/graph/dot.h"

namespace cpprof::graph {
namespace {

TEST(DotColorTest, CostsAreRedGainsGreenAndTheRestGrey) {
  EXPECT_EQ(DotColor(1, false), "#b20000");
  EXPECT_EQ(DotColor(7, false), "#b20000");
  EXPECT_EQ(DotColor(-1, false), "#00b200");
  EXPECT_EQ(DotColor(0, false), "#b2b2b2");
  EXPECT_EQ(DotColor(1, true), "#edd5d5");
}

TEST(DotColorTest, NothingOfNothingHasAColourToo) {
  EXPECT_EQ(DotColor(std::nan(""), false), "#b20000");
  EXPECT_EQ(DotColor(std::nan(""), true), "#ed00d5");
}

TEST(ShortenFunctionNameTest, KeepsWhatTellsFunctionsApart) {
  EXPECT_EQ(ShortenFunctionName("(anonymous namespace)::a::Bar::baz"), "Bar::baz");
  EXPECT_EQ(ShortenFunctionName("github.com/a/b/v2/pkg.(*T).Method"), "pkg.(*T).Method");
  EXPECT_EQ(ShortenFunctionName("java.util.HashMap.put(Object)"), "HashMap.put");
  EXPECT_EQ(ShortenFunctionName("plain"), "plain");
}

}  // namespace
}  // namespace cpprof::graph
