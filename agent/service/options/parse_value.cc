// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/parse_value.h"

#include <signal.h>
#include <string.h>

#include <limits>

namespace pprofagent::service {
namespace {

constexpr int64_t kMaxInteger = std::numeric_limits<int64_t>::max();

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr Unit kSizeUnits[] = {
    {"", 1},          {"b", 1},        {"k", 1 << 10},   {"kb", 1 << 10},
    {"kib", 1 << 10}, {"m", 1 << 20},  {"mb", 1 << 20},  {"mib", 1 << 20},
    {"g", 1 << 30},   {"gb", 1 << 30}, {"gib", 1 << 30},
};

constexpr Unit kDurationUnits[] = {
    {"ns", 1},
    {"us", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
};

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TakeDigits(std::string_view* text) {
  size_t end = 0;
  while (end < text->size() && IsDigit((*text)[end])) ++end;
  const std::string_view digits = text->substr(0, end);
  text->remove_prefix(end);
  return digits;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <size_t kCount>
std::optional<int64_t> UnitFactor(const Unit (&units)[kCount], std::string_view name) {
  for (const Unit& unit : units) {
    if (EqualsIgnoringCase(unit.name, name)) return unit.factor;
  }
  return std::nullopt;
}

// Digits behind the point, as a part of `factor`.
int64_t FractionOf(std::string_view digits, int64_t factor) {
  int64_t value = 0;
  for (char c : digits) {
    factor /= 10;
    value += (c - '0') * factor;
  }
  return value;
}

bool CanBeCaught(int signal) {
  return signal >= 1 && signal <= SIGRTMAX && signal != SIGKILL && signal != SIGSTOP &&
         (signal < 32 || signal >= SIGRTMIN);
}

// What follows RTMIN+ or RTMAX-.
std::optional<int> RealTimeOffset(std::string_view text, std::string_view base, char sign) {
  if (!EqualsIgnoringCase(text.substr(0, base.size()), base)) return std::nullopt;
  text.remove_prefix(base.size());
  if (text.empty()) return 0;
  if (text.front() != sign) return std::nullopt;
  const std::optional<int64_t> offset = ParseInteger(text.substr(1), SIGRTMAX - SIGRTMIN);
  if (!offset) return std::nullopt;
  return static_cast<int>(*offset);
}

std::optional<int> SignalByName(std::string_view name) {
  if (EqualsIgnoringCase(name.substr(0, 3), "SIG")) name.remove_prefix(3);
  if (const auto offset = RealTimeOffset(name, "RTMIN", '+')) return SIGRTMIN + *offset;
  if (const auto offset = RealTimeOffset(name, "RTMAX", '-')) return SIGRTMAX - *offset;
  for (int signal = 1; signal < 32; ++signal) {
    const char* known = sigabbrev_np(signal);
    if (known != nullptr && EqualsIgnoringCase(known, name)) return signal;
  }
  return std::nullopt;
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  }
  return true;
}

std::optional<int64_t> ParseInteger(std::string_view text, int64_t max) {
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  for (char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    const int64_t digit = c - '0';
    if (value > (max - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

std::optional<int64_t> ParseSize(std::string_view text) {
  const std::string_view digits = TakeDigits(&text);
  const std::optional<int64_t> factor = UnitFactor(kSizeUnits, text);
  if (!factor) return std::nullopt;
  const std::optional<int64_t> number = ParseInteger(digits, kMaxInteger / *factor);
  if (!number) return std::nullopt;
  return *number * *factor;
}

std::optional<int64_t> ParseDuration(std::string_view text) {
  if (text == "0" || EqualsIgnoringCase(text, "off") || EqualsIgnoringCase(text, "none")) return 0;
  const std::string_view digits = TakeDigits(&text);
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = TakeDigits(&text);
    if (fraction.empty()) return std::nullopt;
  }
  const std::optional<int64_t> factor = UnitFactor(kDurationUnits, text);
  if (!factor) return std::nullopt;
  const std::optional<int64_t> number = ParseInteger(digits, kMaxInteger / *factor - 1);
  if (!number) return std::nullopt;
  return *number * *factor + FractionOf(fraction, *factor);
}

std::optional<int> ParseSignal(std::string_view text) {
  if (EqualsIgnoringCase(text, "none") || EqualsIgnoringCase(text, "off") || text == "0") return 0;
  if (text.empty()) return std::nullopt;
  std::optional<int> signal;
  if (IsDigit(text.front())) {
    if (const auto number = ParseInteger(text, SIGRTMAX)) signal = static_cast<int>(*number);
  } else {
    signal = SignalByName(text);
  }
  if (!signal || !CanBeCaught(*signal)) return std::nullopt;
  return signal;
}

std::optional<std::vector<std::string>> ParseList(std::string_view text) {
  std::vector<std::string> parts;
  text = Trimmed(text);
  if (text.empty() || EqualsIgnoringCase(text, "none")) return parts;
  for (;;) {
    const size_t comma = text.find(',');
    const std::string_view part = Trimmed(text.substr(0, comma));
    if (part.empty()) return std::nullopt;
    parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace pprofagent::service
