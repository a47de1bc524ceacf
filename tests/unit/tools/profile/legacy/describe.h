// SPDX-License-Identifier: Apache-2.0
//
// Profiles as text, so that a test shows input and result side by side.
#pragma once

#include <string>
#include <string_view>

#include "tools/profile/legacy/legacy.h"

namespace cpprof::profile::legacy {

std::string DescribeTypes(const Profile& profile);

// "1 2 @ 10 20 {bytes=5}" a line: values, addresses (or names), labels.
std::string DescribeSamples(const Profile& profile);

// "400000-405000+0 /bin/x id" a line.
std::string DescribeMappings(const Profile& profile);

// The samples, or the error.
std::string SamplesOf(std::string_view bytes);

inline constexpr char kUnrecognized[] = "error: unrecognized profile format";

}  // namespace cpprof::profile::legacy
