// SPDX-License-Identifier: Apache-2.0
//
// The parsers of the single formats. "Not mine" is no failure: the next parser is asked.
#pragma once

#include <optional>
#include <string_view>

#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::profile::legacy {

// Nothing: the bytes are of another format.
using Parsed = std::optional<Result<Profile>>;
inline constexpr std::nullopt_t kOtherFormat = std::nullopt;

Parsed ParseCpu(std::string_view bytes);
Parsed ParseHeap(std::string_view bytes);
Parsed ParseGoCount(std::string_view bytes);
Parsed ParseThreads(std::string_view bytes);
Parsed ParseContention(std::string_view bytes);
Parsed ParseJava(std::string_view bytes);

}  // namespace cpprof::profile::legacy
