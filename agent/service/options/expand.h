// SPDX-License-Identifier: Apache-2.0
//
// %-letters in option values, replaced when the value is used: a fork changes
// the pid, a privilege drop the user.
#pragma once

#include <string>
#include <string_view>

namespace pprofagent::service {

// %e executable, %p pid, %u effective user id, %h host, %d `directory`, %% a
// percent sign. Anything else after % stays as it is.
std::string Expand(std::string_view pattern, std::string_view directory = "");

}  // namespace pprofagent::service
