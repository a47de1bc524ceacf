// SPDX-License-Identifier: Apache-2.0
//
// Texts of the program (names of threads, labels) inside lines of ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/service/profile/recording.h"

namespace pprofagent::service {

// In double quotes; what would end them or the line is escaped as in C and Go.
std::string Quoted(std::string_view text);

// {"req":"7", "user":"alice"}; empty for none.
std::string InBraces(const std::vector<SampleLabel>& labels, std::string_view colon = ":");

}  // namespace pprofagent::service
