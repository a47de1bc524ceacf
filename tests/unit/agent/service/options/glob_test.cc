// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace pprofagent::service {
namespace {

TEST(GlobMatches, FollowsItsTwoSigns) {
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("*", "anything"));
  EXPECT_TRUE(GlobMatches("redis-*", "redis-server"));
  EXPECT_TRUE(GlobMatches("*-server", "redis-server"));
  EXPECT_TRUE(GlobMatches("r*s*r", "redis-server"));
  EXPECT_TRUE(GlobMatches("python3.?", "python3.9"));
  EXPECT_FALSE(GlobMatches("python3.?", "python3.11"));
  EXPECT_FALSE(GlobMatches("redis", "redis-server"));
  EXPECT_FALSE(GlobMatches("", "x"));
  EXPECT_FALSE(GlobMatches("?", ""));
  EXPECT_TRUE(GlobMatches("a[b]", "a[b]")) << "no other sign is special";
}

TEST(GlobMatches, DoesNotExplode) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatches(pattern + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace pprofagent::service
