// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/listen_address.h"

#include <gtest/gtest.h>

#include "agent/service/http/listener.h"

namespace pprofagent::service {
namespace {

std::string Parsed(std::string_view text) {
  const auto address = ParseListenAddress(text);
  if (!address) return "-";
  return address->path.empty() ? NameOf(address->address) : "unix:" + address->path;
}

TEST(ListenAddress, IsThisMachineUnlessAskedForInFull) {
  EXPECT_EQ(Parsed(":6060"), "127.0.0.1:6060");
  EXPECT_EQ(Parsed("localhost:6060"), "127.0.0.1:6060");
  EXPECT_EQ(Parsed("0.0.0.0:6060"), "0.0.0.0:6060");
  EXPECT_EQ(Parsed("10.0.0.7:0"), "10.0.0.7:0");
  EXPECT_EQ(Parsed("[::1]:80"), "[::1]:80");
  EXPECT_EQ(Parsed("unix:/run/%p.sock"), "unix:/run/%p.sock");
}

TEST(ListenAddress, RefusesTheRest) {
  for (const char* text : {"", "6060", "host:6060", "::1:6060", "[127.0.0.1]:1",
                           "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http",
                           "unix:", "[]:1", "unix:/run/", "localhost", "http://localhost:1"}) {
    EXPECT_EQ(Parsed(text), "-") << text;
  }
}

}  // namespace
}  // namespace pprofagent::service
