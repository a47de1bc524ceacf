// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/http.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/fetch/fetch_fixture.h"
#include "tests/unit/tools/fetch/test_server.h"

namespace cpprof::fetch {
namespace {

constexpr double kSeconds = 20;

class HttpTest : public FetchFixture {
 protected:
  HttpClient client_{TlsOptions{}};
};

TEST_F(HttpTest, GetAndPost) {
  TestServer server([](const std::string& request, const std::string& body) {
    return TestServer::Ok(request + "|" + body);
  });
  EXPECT_EQ(*client_.Get(server.Url("/a?b=c"), kSeconds), "GET /a?b=c|");
  EXPECT_EQ(*client_.Post(server.Url("/symbol"), "0x1+0x2"), "POST /symbol|0x1+0x2");
}

TEST_F(HttpTest, RedirectsAreFollowedAndTheLastAnswerCounts) {
  TestServer server([](const std::string& request, const std::string&) {
    if (request == "GET /old") {
      return std::string(
          "302 Found\r\nX-Go-Pprof: 1\r\nContent-Type: text/plain\r\n"
          "Location: /new\r\nContent-Length: 0\r\n\r\n");
    }
    return std::string("404 Not Found\r\nContent-Length: 4\r\n\r\nbody");
  });
  EXPECT_EQ(client_.Get(server.Url("/old"), kSeconds).message(), "server response: 404 Not Found");
}

TEST_F(HttpTest, OnlyProfilingEndpointsAreQuoted) {
  TestServer server([](const std::string& request, const std::string&) {
    const std::string head =
        request == "GET /go" ? "X-Go-Pprof: 1\r\nContent-Type: text/plain; charset=utf-8\r\n" : "";
    return "500 Internal Server Error\r\n" + head + "Content-Length: 13\r\n\r\nbusy\x1b[31m now\n";
  });
  EXPECT_EQ(client_.Get(server.Url("/go"), kSeconds).message(),
            "server response: 500 Internal Server Error - busy [31m now");
  EXPECT_EQ(client_.Get(server.Url("/other"), kSeconds).message(),
            "server response: 500 Internal Server Error");
}

TEST_F(HttpTest, UnixSockets) {
  TestServer server(
      [](const std::string& request, const std::string&) { return TestServer::Ok(request); },
      Path("app.sock"));
  EXPECT_EQ(*client_.Get("unix:" + Path("app.sock") + "/debug/pprof/heap?x=1", kSeconds),
            "GET /debug/pprof/heap?x=1");
  EXPECT_EQ(client_.Get("unix:" + Path("app.sock"), kSeconds).message(),
            "no path behind the socket " + Path("app.sock") + "; say unix:" + Path("app.sock") +
                "/debug/pprof/heap, for example");
  EXPECT_EQ(client_.Get("unix:" + Path("none/x"), kSeconds).message(),
            "no socket along the path " + Path("none/x"));
}

TEST_F(HttpTest, FailuresNameTheUrl) {
  const std::string message = client_.Get("http://127.0.0.1:1/x", kSeconds).message();
  EXPECT_TRUE(message.starts_with("http fetch: Get \"http://127.0.0.1:1/x\": ")) << message;
  // Nothing but HTTP, whatever libcurl could do.
  EXPECT_FALSE(client_.Get("file:///etc/passwd", kSeconds).ok());
  EXPECT_FALSE(client_.Get("gopher://127.0.0.1:1/x", kSeconds).ok());
}

TEST_F(HttpTest, CertificateAndKeyBelongTogether) {
  EXPECT_EQ(HttpClient({"cert.pem", "", ""}).Get("https://127.0.0.1:1/", kSeconds).message(),
            "-tls_cert is specified, so -tls_key must also be specified");
  EXPECT_EQ(HttpClient({"", "key.pem", ""}).Get("https://127.0.0.1:1/", kSeconds).message(),
            "-tls_key is specified, so -tls_cert must also be specified");
}

}  // namespace
}  // namespace cpprof::fetch
