// SPDX-License-Identifier: Apache-2.0
//
// Recordings of Linux perf are converted by a program that is not ours, perf_to_profile.
#pragma once

#include <string>
#include <string_view>

#include "tools/base/column.h"
#include "tools/base/notices.h"
#include "tools/base/status.h"

namespace cpprof::fetch {

bool IsPerfData(std::string_view bytes);

// The bytes of the profile that perf_to_profile makes of the file.
Result<Bytes> ConvertPerfData(const std::string& path, Notices* notices);

}  // namespace cpprof::fetch
