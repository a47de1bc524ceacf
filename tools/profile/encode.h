// SPDX-License-Identifier: Apache-2.0
//
// From a Profile to the bytes of a profile.proto (not yet compressed). Ids are index + 1, whatever
// they were; the string table holds the strings in the order of their first use, without those that
// nothing uses.
#pragma once

#include <string>

#include "tools/profile/profile.h"

namespace cpprof::profile {

std::string Encode(const Profile& profile);

}  // namespace cpprof::profile
