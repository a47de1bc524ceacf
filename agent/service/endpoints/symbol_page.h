// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/service/http/message.h"

namespace pprofagent::service {

// Names of program counters: "0x4011d6+0x401200", in the raw query of GET or
// the body of POST. What is no number or has no name is left out.
Response SymbolPage(const Request& request);

}  // namespace pprofagent::service
