// SPDX-License-Identifier: Apache-2.0
//
// What a request below a program's prefix means. That it is answered, in real
// servers, is tested in tests/integration/mounted_test.py.
#include "agent/service/endpoints/mounted.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

MountedTarget Below(std::string_view prefix, std::string_view target) {
  return BelowPrefix({.method = "GET", .prefix = prefix, .target = target, .body = {}});
}

std::string PathOf(std::string_view prefix, std::string_view target) {
  const MountedTarget below = Below(prefix, target);
  return below.refusal ? "refused " + std::to_string(below.refusal->status) : below.request.path;
}

TEST(Mounted, ThePrefixIsReplacedByOurs) {
  EXPECT_EQ(PathOf("/admin/pprof", "/admin/pprof/"), "/debug/pprof/");
  EXPECT_EQ(PathOf("/admin/pprof", "/admin/pprof/heap"), "/debug/pprof/heap");
  EXPECT_EQ(PathOf("/admin/pprof/", "/admin/pprof/heap"), "/debug/pprof/heap");
  EXPECT_EQ(PathOf("/debug/pprof", "/debug/pprof/heap"), "/debug/pprof/heap");
  EXPECT_EQ(PathOf("/p", "/p/app%2Fconns"), "/debug/pprof/app/conns");
  // A server that has taken its prefix away.
  EXPECT_EQ(PathOf("", "/heap"), "/debug/pprof/heap");
  EXPECT_EQ(PathOf("/", "/"), "/debug/pprof/");
  EXPECT_EQ(PathOf("", ""), "/debug/pprof/");
}

TEST(Mounted, TheQueryIsKept) {
  EXPECT_EQ(Below("/p", "/p/heap?debug=1&gc=1").request.query, "debug=1&gc=1");
  EXPECT_EQ(Below("/p", "/p/heap").request.query, "");
  EXPECT_EQ(PathOf("/p", "/p/heap?x=/p/"), "/debug/pprof/heap");
}

TEST(Mounted, WhatIsElsewhereIsNotThere) {
  for (const char* target : {"/", "/pp/heap", "/q/heap", "", "http://h/p/heap", "?/p/"}) {
    EXPECT_EQ(PathOf("/p", target), "refused 404") << target;
  }
}

TEST(Mounted, WithoutTheSlashRelativeLinksWouldMiss) {
  EXPECT_EQ(PathOf("/p", "/p"), "refused 301");
  const MountedTarget moved = Below("/p/", "/p?a=b");
  ASSERT_TRUE(moved.refusal);
  EXPECT_EQ(moved.refusal->headers[0].second, "/p/?a=b");
}

TEST(Mounted, ControlCannotBeReached) {
  EXPECT_EQ(PathOf("/p", "/p/../control/set"), "/debug/pprof/../control/set");
  EXPECT_EQ(PathOf("", "/control/set"), "/debug/pprof/control/set");
  EXPECT_EQ(PathOf("", "//control/set"), "/debug/pprof//control/set");
}

TEST(Mounted, ABodyHasTheLimitOfEveryOther) {
  const std::string most(65536, '0');
  const std::string more(65537, '0');
  const auto refusal = [](const std::string& body) {
    return BelowPrefix({.method = "POST", .prefix = "/p", .target = "/p/symbol", .body = body})
        .refusal;
  };
  EXPECT_FALSE(refusal(most));
  ASSERT_TRUE(refusal(more));
  EXPECT_EQ(refusal(more)->status, 413);
}

}  // namespace
}  // namespace pprofagent::service
