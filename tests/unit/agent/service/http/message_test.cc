// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/message.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

TEST(Message, DecodesQueries) {
  EXPECT_EQ(QueryValue("debug=1&seconds=5", "seconds"), "5");
  EXPECT_EQ(QueryValue("a=%41%zz+%4", "a"), "A%zz %4");
  EXPECT_EQ(QueryValue("seconds&debug=2&debug=3", "debug"), "2");
  EXPECT_EQ(QueryValue("seconds&x", "seconds"), "");
  EXPECT_EQ(QueryValue("", "x"), "");
  EXPECT_EQ(UrlDecode("/a+b%2Fc%", false), "/a+b/c%");
  EXPECT_EQ(UrlDecode("%00", false), std::string(1, '\0'));
}

TEST(Message, WritesTheHeadOfAResponse) {
  const Response response = {.status = 404, .headers = {{"X-Go-Pprof", "1"}}, .body = "no\n"};
  const std::string text = Head(response, Framing::kLength, true);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 404 Not Found\r\n")) << text;
  EXPECT_NE(text.find("X-Go-Pprof: 1\r\n"), std::string::npos);
  EXPECT_NE(text.find("Content-Type: text/plain; charset=utf-8\r\n"), std::string::npos);
  EXPECT_NE(text.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_NE(text.find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_EQ(text.find("Connection:"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(Message, TheHeadSaysWhereTheBodyEnds) {
  const std::string chunked = Head({}, Framing::kChunked, true);
  EXPECT_NE(chunked.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(chunked.find("Content-Length"), std::string::npos);
  const std::string closing = Head({}, Framing::kConnection, false);
  EXPECT_NE(closing.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(closing.find("Content-Length"), std::string::npos);
  EXPECT_EQ(closing.find("Transfer-Encoding"), std::string::npos);
}

}  // namespace
}  // namespace pprofagent::service
