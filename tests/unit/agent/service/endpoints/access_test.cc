// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/access.h"

#include <gtest/gtest.h>

namespace pprofagent::service {
namespace {

bool Admits(const std::optional<std::string>& host, const std::string& reached) {
  Request request;
  request.host = host;
  return !RefuseForeign(request, {.is_local = false, .reached_host = reached});
}

TEST(Access, KnowsItselfByItsAddresses) {
  EXPECT_TRUE(Admits("localhost:6060", "127.0.0.1"));
  EXPECT_TRUE(Admits("LOCALHOST", "127.0.0.1"));
  EXPECT_TRUE(Admits("127.0.0.1:1", "127.0.0.1"));
  EXPECT_TRUE(Admits("[::1]:6060", "[::1]"));
  EXPECT_TRUE(Admits("10.0.0.7:6060", "10.0.0.7"));
  EXPECT_TRUE(Admits(std::nullopt, "127.0.0.1")) << "HTTP/1.0; no browser";
}

TEST(Access, IsClosedToNamesOfOthers) {
  for (const char* host : {"evil.example", "evil.example:6060", "localhost.evil.example", "",
                           "10.0.0.8", "127.0.0.1.evil.example:80", "[::2]"}) {
    EXPECT_FALSE(Admits(host, "10.0.0.7")) << host;
  }
  Request request;
  request.host = "evil.example";
  EXPECT_FALSE(RefuseForeign(request, {.is_local = true, .reached_host = ""}));
}

TEST(Access, ChangesByTcpAreForThoseWhoAskedForThem) {
  const Client tcp = {.is_local = false, .reached_host = "127.0.0.1"};
  Request request;
  request.host = "localhost:6060";
  EXPECT_EQ(RefuseChange(request, tcp, false)->status, 403);
  EXPECT_FALSE(RefuseChange(request, tcp, true));
  EXPECT_FALSE(RefuseChange(request, {.is_local = true, .reached_host = ""}, false));
  request.origin = "http://localhost:6060";
  EXPECT_FALSE(RefuseChange(request, tcp, true));
  request.origin = "http://evil.example";
  EXPECT_EQ(RefuseChange(request, tcp, true)->status, 403);
  request.origin = "null";
  EXPECT_EQ(RefuseChange(request, tcp, true)->status, 403);
}

}  // namespace
}  // namespace pprofagent::service
