// SPDX-License-Identifier: Apache-2.0
//
// The verbs (agent/service/control/verbs.h) over HTTP:
//
//   GET  /control/          what there is
//   GET  /control/status    verbs that only read
//   POST /control/dump      verbs that change something; the words of the body
//                           are the arguments
//
//   GET  /control/help      the same as /control/
//
// or by the line protocol (agent/service/http/line_request.h). An answer is text, one line each;
// what failed has status 400 and says why.
#pragma once

#include <string_view>

#include "agent/service/control/controller.h"
#include "agent/service/http/handler.h"

namespace pprofagent::service {

Response ControlPage(std::string_view verb, const Request& request, const Client& client,
                     Controller* controller);

}  // namespace pprofagent::service
