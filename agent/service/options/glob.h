// SPDX-License-Identifier: Apache-2.0
//
// Matching of executable names. libc's fnmatch depends on the program's locale.
#pragma once

#include <string_view>

namespace pprofagent::service {

// `*` stands for any characters, `?` for one; everything else for itself.
// Takes time proportional to the product of the lengths at most.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace pprofagent::service
