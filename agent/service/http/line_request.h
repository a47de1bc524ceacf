// SPDX-License-Identifier: Apache-2.0
//
// The line protocol of the Unix socket, for shells: `echo status | socat - UNIX:...`.
// A line is a verb and its arguments, separated by blanks. What comes back are
// lines, and then one that is "ok", or "error: " and why. Which protocol a
// client speaks its first line shows: that of HTTP ends in HTTP/ and a version.
//
// For whoever answers it is a request like any other, by the method LINE, which
// no HTTP request can have: the path is /control/ and the verb, the body the
// arguments.
#pragma once

#include <string>
#include <string_view>

#include "agent/service/http/message.h"

namespace pprofagent::service {

inline constexpr std::string_view kLineMethod = "LINE";
// Longer ones are refused.
inline constexpr size_t kMaxLineBytes = 8192;

// Of a client's first line, without its end.
bool IsHttpLine(std::string_view line);

// Without the end of the line, and not blank.
Request LineRequest(std::string_view line);

std::string SerializeLines(const Response& response);

}  // namespace pprofagent::service
