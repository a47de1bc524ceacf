// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "agent/service/options/parse_value.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kMaxPort = 65535;

bool SetHost(const std::string& host, uint16_t port, ListenAddress* to) {
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    memcpy(&to->address, &v4, sizeof(v4));
    to->length = sizeof(v4);
    return true;
  }
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return false;
  memcpy(&to->address, &v6, sizeof(v6));
  to->length = sizeof(v6);
  return true;
}

}  // namespace

std::optional<ListenAddress> ParseListenAddress(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  ListenAddress parsed;
  if (text.starts_with(kUnix)) {
    parsed.path = text.substr(kUnix.size());
    if (parsed.path.empty() || parsed.path.ends_with('/')) return std::nullopt;
    return parsed;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> port = ParseInteger(text.substr(colon + 1), kMaxPort);
  if (!port) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (in_brackets) host = host.substr(1, host.size() - 2);
  // Without brackets, which of the colons ends an IPv6 address is a guess.
  if (in_brackets != (host.find(':') != std::string_view::npos)) return std::nullopt;
  if (host.empty() || host == "localhost") host = "127.0.0.1";
  if (!SetHost(std::string(host), static_cast<uint16_t>(*port), &parsed)) return std::nullopt;
  return parsed;
}

}  // namespace pprofagent::service
