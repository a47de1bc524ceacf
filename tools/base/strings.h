// SPDX-License-Identifier: Apache-2.0
//
// Text helpers shared by all folders of the tools. Those that reproduce a convention of the
// reference (Go's %q, its integer parsing) say so, because their corner cases are part of what
// users compare.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cpprof {

// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string StrFormat(const char* format, ...);
// The same, at the end of `*out`.
[[gnu::format(printf, 2, 3)]] void AppendFormat(std::string* out, const char* format, ...);

// "a,b" at ',' -> {"a", "b"}; "" -> {""}. The pieces point into `text`.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
// Without white space (space, \t \n \v \f \r) at both ends.
std::string_view TrimSpace(std::string_view text);
// The words of `text`, separated by white space.
std::vector<std::string_view> Fields(std::string_view text);
std::string AsciiLower(std::string_view text);
// `text` with every `from` replaced by `to`; `from` is not empty.
std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to);

// A decimal integer with optional sign and nothing else; nothing on overflow.
std::optional<int64_t> ParseInt(std::string_view text);
// base 0: 0x.., 0.. (octal) and decimal are recognised.
std::optional<uint64_t> ParseUint(std::string_view text, int base);
std::optional<double> ParseDouble(std::string_view text);

// As Go prints %q: in double quotes, with \n, \t, \", \\, \xNN and \uNNNN for what cannot be shown.
std::string Quote(std::string_view text);
// Number of code points; every byte that is not valid UTF-8 counts one. Go pads by this width.
size_t RuneCount(std::string_view text);
// Right-aligned by code points, as Go's %*s.
std::string PadLeft(std::string_view text, size_t width);
std::string PadRight(std::string_view text, size_t width);

// The word of `words` that is most like `word`, or nothing when none is close enough to be meant.
std::optional<std::string> Nearest(std::string_view word, const std::vector<std::string>& words);

}  // namespace cpprof
