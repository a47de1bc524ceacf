// SPDX-License-Identifier: Apache-2.0
//
// One line for a person at a terminal: how much of the profile has no names, whose it is, and what
// to do about it.
#pragma once

#include <functional>
#include <string>

#include "tools/profile/profile.h"

namespace cpprof::symbolize {

// Empty when there is nothing to say: next to everything has names. `advice` says what is wrong
// with a mapping, or nothing.
std::string AdviseOnNames(const profile::Profile& profile,
                          const std::function<std::string(profile::MappingIndex)>& advice);

}  // namespace cpprof::symbolize
