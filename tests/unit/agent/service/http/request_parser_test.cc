// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/request_parser.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

using Progress = RequestParser::Progress;

class RequestParserTest : public testing::Test {
 protected:
  Progress Feed(const std::string& bytes) { return parser_.Feed(bytes, &used_); }
  void Refuses(int status, const std::string& bytes) {
    RequestParser parser;
    size_t used = 0;
    ASSERT_EQ(parser.Feed(bytes, &used), Progress::kRefuse) << bytes.substr(0, 80);
    const Response refusal = parser.TakeRefusal();
    EXPECT_EQ(refusal.status, status) << bytes.substr(0, 80);
    EXPECT_FALSE(refusal.body.empty());
  }

  RequestParser parser_;
  size_t used_ = 0;
};

TEST_F(RequestParserTest, ReadsARequestWhateverItsPieces) {
  const std::string text =
      "POST /debug/pprof/symbol?a=1 HTTP/1.1\r\nHost: localhost:6060\r\nOrigin: http://x\r\n"
      "Content-Length: 5\r\n\r\n0x123";
  for (size_t piece : {size_t{1}, size_t{7}, text.size()}) {
    RequestParser parser;
    Progress progress = Progress::kMore;
    for (size_t at = 0; at < text.size(); at += piece) {
      ASSERT_EQ(progress, Progress::kMore);
      size_t used = 0;
      progress = parser.Feed(text.substr(at, piece), &used);
    }
    ASSERT_EQ(progress, Progress::kDone) << piece;
    const Request& request = parser.request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/debug/pprof/symbol");
    EXPECT_EQ(request.query, "a=1");
    EXPECT_EQ(request.host, "localhost:6060");
    EXPECT_EQ(request.origin, "http://x");
    EXPECT_EQ(request.body, "0x123");
    EXPECT_TRUE(request.keep_alive);
  }
}

TEST_F(RequestParserTest, LeavesTheNextRequestAlone) {
  const std::string one = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_EQ(Feed(one + "GET /b HTTP/1.0\r\n\r\n"), Progress::kDone);
  ASSERT_EQ(used_, one.size());
  parser_.Reset();
  ASSERT_EQ(Feed("GET http://h:1/b%20c HTTP/1.0\r\n\r\n"), Progress::kDone);
  EXPECT_EQ(parser_.request().path, "/b c");
  EXPECT_FALSE(parser_.request().keep_alive);
  EXPECT_FALSE(parser_.request().host);
}

TEST_F(RequestParserTest, ReadsChunkedBodies) {
  ASSERT_EQ(Feed("POST /s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
            Progress::kDone);
  EXPECT_EQ(parser_.request().body, "abcde");
}

TEST_F(RequestParserTest, TellsOnceThatTheClientWaits) {
  ASSERT_EQ(
      Feed("POST /s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
      Progress::kMore);
  EXPECT_TRUE(parser_.TakeExpectsContinue());
  EXPECT_FALSE(parser_.TakeExpectsContinue());
}

TEST_F(RequestParserTest, RefusesWhatIsMalformed) {
  Refuses(400, "\x16\x03\x01\x02");  // TLS
  Refuses(400, "NONSENSE / HTTP/1.1\r\n\r\n");
  Refuses(400, "GET / HTTP/1.1\r\n\r\n");  // no Host
  Refuses(400, "GET / HTTP/2.0\r\nHost: x\r\n\r\n");
  Refuses(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n");
  Refuses(400,
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_F(RequestParserTest, RefusesWhatIsTooLarge) {
  const std::string begin = "GET / HTTP/1.1\r\nHost: x\r\n";
  Refuses(431, begin + "A: " + std::string(kMaxHeadBytes, 'a') + "\r\n\r\n");
  Refuses(431, "GET /" + std::string(kMaxHeadBytes, 'a') + " HTTP/1.1\r\n\r\n");
  std::string many = begin;
  for (size_t i = 0; i <= kMaxHeaders; ++i) many += "A: b\r\n";
  Refuses(431, many + "\r\n");
  Refuses(413, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n");
  std::string chunks = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) chunks += "1000\r\n" + std::string(0x1000, 'c') + "\r\n";
  Refuses(413, chunks);
}

TEST_F(RequestParserTest, TakesWhatIsJustNotTooLarge) {
  const std::string body(kMaxBodyBytes, 'b');
  EXPECT_EQ(Feed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n" + body),
            Progress::kDone);
}

}  // namespace
}  // namespace pprofagent::service
