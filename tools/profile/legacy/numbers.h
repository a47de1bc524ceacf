// SPDX-License-Identifier: Apache-2.0
//
// Numbers as the reference reads and computes them; the old formats are full of corner cases that
// show in the results ("010" is eight).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/base/status.h"

namespace cpprof::profile::legacy {

// An integer with an optional sign; 0x, 0o, 0b and a leading 0 say its base.
std::optional<int64_t> ParseAnyBase(std::string_view text);

// Why ParseAnyBase refused `text`, in the reference's words.
std::string AnyBaseError(std::string_view text);

// A decimal integer, or an error that shows the line it is in.
Result<int64_t> ParseCount(std::string_view text, std::string_view line);

// The numbers of the form 0x... in a text.
Result<std::vector<uint64_t>> ParseHexAddresses(std::string_view text);

// Towards zero; what does not fit becomes the smallest integer.
int64_t TruncateToInt(double value);

// Wraps around instead of overflowing.
int64_t WrappingMultiply(int64_t a, int64_t b);

// Heap samplers meet an allocation of s bytes with probability 1-exp(-s/rate); this turns count and
// bytes of the sampled ones into those of all. rate <= 1: everything was recorded.
std::pair<int64_t, int64_t> ScaleHeapSample(int64_t count, int64_t bytes, int64_t rate);

}  // namespace cpprof::profile::legacy
