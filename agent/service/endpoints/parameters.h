// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pprofagent::service {

// As Go reads its integer parameters: what is no integer is 0.
int64_t IntegerParameter(std::string_view text);

// A positive number of seconds, fractions allowed, as nanoseconds; nothing if
// it is not that, or more than a week.
std::optional<int64_t> SecondsParameter(std::string_view text);
// From 1 to `most`; nothing if it is not that.
std::optional<int> RateParameter(std::string_view text, int most);

// The number of a thread, which may be one that is no more; nothing if it is none.
std::optional<int32_t> ThreadParameter(std::string_view text);

inline constexpr int64_t kMaxSeconds = int64_t{7} * 24 * 3600;

}  // namespace pprofagent::service
