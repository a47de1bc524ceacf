// SPDX-License-Identifier: Apache-2.0
//
// gzip's writing half: one member, without name or time, so that equal input makes
// equal files. Reading, with its limits, is the fetch folder's.
#pragma once

#include <string>
#include <string_view>

#include "tools/base/status.h"

namespace cpprof {

Result<std::string> GzipCompress(std::string_view bytes);

}  // namespace cpprof
