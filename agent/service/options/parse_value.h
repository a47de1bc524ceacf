// SPDX-License-Identifier: Apache-2.0
//
// The forms that option values come in. Each function takes the whole text or
// refuses it: nothing is guessed from half a value, nothing overflows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pprofagent::service {

bool EqualsIgnoringCase(std::string_view a, std::string_view b);

// Decimal digits only; nothing beyond `max`.
std::optional<int64_t> ParseInteger(std::string_view text, int64_t max);

// 4096, 512k, 1M, 2G; also written kB, KiB. k is 1024 throughout, as in pprof.
std::optional<int64_t> ParseSize(std::string_view text);

// 250ms, 1.5s, 10m: a number and one of ns, us, ms, s, m, h; 0 and "off"
// without unit. In nanoseconds.
std::optional<int64_t> ParseDuration(std::string_view text);

// USR1, SIGUSR1, RTMIN+3, RTMAX-1, 10; "none" is 0. Only signals that a
// program can catch.
std::optional<int> ParseSignal(std::string_view text);

// Parts between commas without surrounding blanks; "none" and "" are no part.
// Nothing if a part is empty.
std::optional<std::vector<std::string>> ParseList(std::string_view text);

}  // namespace pprofagent::service
