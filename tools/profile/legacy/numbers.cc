// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/numbers.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "tools/base/strings.h"

namespace cpprof::profile::legacy {
namespace {

struct Digits {
  std::string text;
  int base = 10;
};

// Strips the base prefix, and underscores, which may stand between digits and behind a prefix.
std::optional<Digits> SplitBase(std::string_view text) {
  Digits digits;
  bool after_digit = false;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = static_cast<char>(std::tolower(static_cast<unsigned char>(text[1])));
    digits.base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
    after_digit = true;
  }
  for (const char c : text) {
    if (c == '_') {
      if (!after_digit) return std::nullopt;
      after_digit = false;
    } else {
      digits.text += c;
      after_digit = true;
    }
  }
  if (!after_digit) return std::nullopt;
  return digits;
}

bool AllDigits(std::string_view text, int base) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [base](unsigned char c) {
    const int digit = std::isdigit(c) ? c - '0' : std::isalpha(c) ? std::tolower(c) - 'a' + 10 : 99;
    return digit < base;
  });
}

std::string NumberError(std::string_view text, bool well_formed) {
  return "strconv.ParseInt: parsing " + Quote(text) +
         (well_formed ? ": value out of range" : ": invalid syntax");
}

}  // namespace

std::optional<int64_t> ParseAnyBase(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto digits = SplitBase(text);
  if (!digits || digits->text.empty()) return std::nullopt;
  const auto value = ParseUint(digits->text, digits->base);
  const uint64_t limit = uint64_t{INT64_MAX} + (negative ? 1 : 0);
  if (!value || *value > limit) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - *value : *value);
}

std::string AnyBaseError(std::string_view text) {
  std::string_view magnitude = text;
  if (text.starts_with('-') || text.starts_with('+')) magnitude.remove_prefix(1);
  const auto digits = SplitBase(magnitude);
  return NumberError(text, digits && AllDigits(digits->text, digits->base));
}

Result<int64_t> ParseCount(std::string_view text, std::string_view line) {
  if (const auto value = ParseInt(text)) return *value;
  return Status::Error(
      "malformed sample: " + std::string(line) + ": " +
      NumberError(text, AllDigits(text.substr(text.starts_with('-') ? 1 : 0), 10)));
}

Result<std::vector<uint64_t>> ParseHexAddresses(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::vector<uint64_t> addresses;
  size_t at = 0;
  while ((at = text.find("0x", at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_not_of(kDigits, at + 2), text.size());
    if (end > at + 2) {
      const auto value = ParseUint(text.substr(at + 2, end - at - 2), 16);
      if (!value) {
        return Status::Error("failed to parse as hex 64-bit number: " +
                             std::string(text.substr(at, end - at)));
      }
      addresses.push_back(*value);
    }
    at = end;
  }
  return addresses;
}

int64_t TruncateToInt(double value) {
  // Also false for NaN.
  if (value > -9223372036854775808.0 && value < 9223372036854775808.0) {
    return static_cast<int64_t>(value);
  }
  return INT64_MIN;
}

int64_t WrappingMultiply(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

std::pair<int64_t, int64_t> ScaleHeapSample(int64_t count, int64_t bytes, int64_t rate) {
  if (count == 0 || bytes == 0) return {0, 0};
  if (rate <= 1) return {count, bytes};
  const double average = static_cast<double>(bytes) / static_cast<double>(count);
  const double scale = 1 / (1 - std::exp(-average / static_cast<double>(rate)));
  return {TruncateToInt(static_cast<double>(count) * scale),
          TruncateToInt(static_cast<double>(bytes) * scale)};
}

}  // namespace cpprof::profile::legacy
