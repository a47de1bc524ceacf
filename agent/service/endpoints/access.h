// SPDX-License-Identifier: Apache-2.0
//
// Who may ask what. A web page anybody opens can make a browser send requests
// to 127.0.0.1; it must neither read profiles (by a name of its own that
// resolves to that address: the Host header gives it away) nor change anything
// (its Origin header gives it away).
#pragma once

#include <optional>

#include "agent/service/http/handler.h"

namespace pprofagent::service {

// The refusal; nothing if the client may go on.
std::optional<Response> RefuseForeign(const Request& request, const Client& client);

// For requests that change something.
std::optional<Response> RefuseChange(const Request& request, const Client& client,
                                     bool is_control_on_tcp);

}  // namespace pprofagent::service
