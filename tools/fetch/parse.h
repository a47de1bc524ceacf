// SPDX-License-Identifier: Apache-2.0
//
// From the bytes of a file or an answer to a profile, whatever format they are in: gzip or not,
// profile.proto or one of the formats before it.
#pragma once

#include <string_view>

#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::fetch {

Result<profile::Profile> ParseProfile(std::string_view bytes);

}  // namespace cpprof::fetch
