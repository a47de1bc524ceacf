// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/line_request.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(LineRequest, HttpShowsInTheFirstLine) {
  EXPECT_TRUE(IsHttpLine("GET / HTTP/1.1\r"));
  EXPECT_TRUE(IsHttpLine("GET / HTTP/9"));
  for (const char* line : {"status", "", "set LOG=x HTTP/", "dump HTTP/1.1 heap", "GET /"}) {
    EXPECT_FALSE(IsHttpLine(line)) << line;
  }
}

TEST(LineRequest, IsAVerbAndItsArguments) {
  const Request request = LineRequest("  dump\theap  mutex\r");
  EXPECT_EQ(request.method, kLineMethod);
  EXPECT_EQ(request.path, "/control/dump");
  EXPECT_EQ(request.body, "\theap  mutex\r");
  EXPECT_EQ(LineRequest("status").path, "/control/status");
  EXPECT_EQ(LineRequest("status").body, "");
}

TEST(LineRequest, AnAnswerEndsInOneLine) {
  EXPECT_EQ(SerializeLines({.body = "a: 1\nb: 2\n"}), "a: 1\nb: 2\nok\n");
  EXPECT_EQ(SerializeLines({.body = "a"}), "a\nok\n");
  EXPECT_EQ(SerializeLines({}), "ok\n");
  EXPECT_EQ(SerializeLines({.status = 400, .body = "no\nnot\n"}), "error: no not\n");
}

}  // namespace
}  // namespace pprofagent::service
