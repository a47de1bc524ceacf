// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/response_bytes.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace pprofagent::service {
namespace {

class Pieces final : public ByteSource {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  bool Next(std::string* bytes) override {
    if (next_ == pieces_.size()) return false;
    *bytes += pieces_[next_++];
    return true;
  }
  size_t held_bytes() const override { return 0; }
  void Restart() override { next_ = 0; }

 private:
  std::vector<std::string> pieces_;
  size_t next_ = 0;
};

Response LongResponse() {
  return {.source = std::make_unique<Pieces>(std::vector<std::string>{"0123456789abcdef!", "x"})};
}

std::string All(ResponseBytes bytes) {
  std::string all;
  std::string piece;
  while (bytes.Next(&piece)) all += piece;
  return all;
}

std::string Body(const std::string& text) { return text.substr(text.find("\r\n\r\n") + 4); }

TEST(ResponseBytes, HeadAndBody) {
  const std::string text = All(ResponseBytes({.status = 404, .body = "no\n"}, {}, true));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 404 Not Found\r\n")) << text;
  EXPECT_NE(text.find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_EQ(Body(text), "no\n");
}

TEST(ResponseBytes, HeadRequestsGetNoBody) {
  Request request;
  request.method = "HEAD";
  const std::string text = All(ResponseBytes({.body = "12345"}, request, false));
  EXPECT_NE(text.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_EQ(Body(text), "");
  EXPECT_EQ(Body(All(ResponseBytes(LongResponse(), request, true))), "");
}

TEST(ResponseBytes, WhatIsMadeMeanwhileComesInChunks) {
  EXPECT_EQ(Body(All(ResponseBytes(LongResponse(), {}, true))),
            "11\r\n0123456789abcdef!\r\n1\r\nx\r\n0\r\n\r\n");
}

TEST(ResponseBytes, OldClientsGetItAsItIs) {
  Request request;
  request.is_http_1_0 = true;
  ASSERT_TRUE(ResponseBytes::EndsWithConnection(LongResponse(), request));
  const std::string text = All(ResponseBytes(LongResponse(), request, false));
  EXPECT_EQ(Body(text), "0123456789abcdef!x");
  EXPECT_EQ(text.find("chunked"), std::string::npos);
}

TEST(ResponseBytes, LinesHaveNoHead) {
  EXPECT_EQ(All(ResponseBytes::Lines({.body = "a\n"})), "a\nok\n");
}

}  // namespace
}  // namespace pprofagent::service
