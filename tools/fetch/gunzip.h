// SPDX-License-Identifier: Apache-2.0
//
// Decompression of whole gzip files, several members included, with a limit: a few kilobytes can
// unfold to gigabytes, and what a server sends is not to be trusted.
#pragma once

#include <cstdint>
#include <string_view>

#include "tools/base/column.h"
#include "tools/base/status.h"

namespace cpprof::fetch {

// Whether the bytes start like a gzip file.
bool IsGzip(std::string_view bytes);

// The most that `compressed` bytes may unfold to: 100 times as much, at least 256 MiB and at most
// 4 GiB. Profiles reach a factor of about 10.
uint64_t DecompressionLimit(uint64_t compressed);

// Errors are worded as the reference's: "unexpected EOF", "gzip: invalid checksum", ...
Result<Bytes> Gunzip(std::string_view bytes, uint64_t limit);

}  // namespace cpprof::fetch
