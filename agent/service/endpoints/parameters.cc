// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/parameters.h"

#include <charconv>

#include "agent/service/options/parse_value.h"

namespace pprofagent::service {

int64_t IntegerParameter(std::string_view text) {
  const bool has_plus = text.starts_with('+');
  if (has_plus) text.remove_prefix(1);
  if (has_plus && text.starts_with('-')) return 0;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

std::optional<int64_t> SecondsParameter(std::string_view text) {
  // Digits and a point only: no sign, no exponent, no unit.
  if (text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> value = ParseDuration(std::string(text) + "s");
  if (!value || *value <= 0 || *value > kMaxSeconds * 1'000'000'000) return std::nullopt;
  return value;
}

std::optional<int> RateParameter(std::string_view text, int most) {
  const int64_t rate = IntegerParameter(text);
  if (rate < 1 || rate > most) return std::nullopt;
  return static_cast<int>(rate);
}

std::optional<int32_t> ThreadParameter(std::string_view text) {
  const int64_t tid = IntegerParameter(text);
  if (tid < 1 || tid > INT32_MAX) return std::nullopt;
  return static_cast<int32_t>(tid);
}

}  // namespace pprofagent::service
