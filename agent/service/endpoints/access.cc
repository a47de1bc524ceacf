// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/access.h"

#include <string_view>

#include "agent/service/options/parse_value.h"

namespace pprofagent::service {
namespace {

// "localhost:6060" -> "localhost", "[::1]:6060" -> "[::1]"
std::string_view WithoutPort(std::string_view host) {
  const size_t bracket = host.rfind(']');
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return host;
  if (bracket != std::string_view::npos && colon < bracket) return host;
  return host.substr(0, colon);
}

bool IsKnownHost(std::string_view host, const Client& client) {
  host = WithoutPort(host);
  for (const std::string_view known : {"localhost", "127.0.0.1", "[::1]"}) {
    if (EqualsIgnoringCase(host, known)) return true;
  }
  return !client.reached_host.empty() && EqualsIgnoringCase(host, client.reached_host);
}

}  // namespace

std::optional<Response> RefuseForeign(const Request& request, const Client& client) {
  if (client.is_local || !request.host || IsKnownHost(*request.host, client)) return std::nullopt;
  return Response{.status = 403,
                  .body =
                      "403 Forbidden: the Host header must be localhost or the address "
                      "listened on, so that web pages cannot reach this by a name of theirs\n"};
}

std::optional<Response> RefuseChange(const Request& request, const Client& client,
                                     bool is_control_on_tcp) {
  if (client.is_local) return std::nullopt;
  if (!is_control_on_tcp) {
    return Response{.status = 403,
                    .body =
                        "403 Forbidden: by TCP only with PPROFAGENT_HTTP_CONTROL=1; "
                        "use the Unix socket\n"};
  }
  if (request.origin && request.origin != "http://" + request.host.value_or("")) {
    return Response{.status = 403, .body = "403 Forbidden: the request is a web page's\n"};
  }
  return std::nullopt;
}

}  // namespace pprofagent::service
