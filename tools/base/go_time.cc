// SPDX-License-Identifier: Apache-2.0
//
// See go_time.h.
#include "tools/base/go_time.h"

#include <ctime>

#include "tools/base/strings.h"

namespace cpprof {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::string DateAndTime(const std::tm& time) {
  return StrFormat("%04d-%02d-%02d %02d:%02d:%02d", time.tm_year + 1900, time.tm_mon + 1,
                   time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec);
}

// "+0530"
std::string Offset(const std::tm& time) {
  const long minutes = (time.tm_gmtoff < 0 ? -time.tm_gmtoff : time.tm_gmtoff) / 60;
  return StrFormat("%c%02ld%02ld", time.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

// Splits off the whole seconds, rounding down, and brings them to local time.
std::tm LocalTime(int64_t nanos, int64_t* fraction) {
  int64_t seconds = nanos / kSecond;
  *fraction = nanos % kSecond;
  if (*fraction < 0) {
    *fraction += kSecond;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm local = {};
  localtime_r(&time, &local);
  return local;
}

// `fraction` of 10^digits as ".5", without zeros at the end; "" for 0.
std::string Fraction(uint64_t fraction, int digits) {
  if (fraction == 0) return "";
  std::string text = StrFormat(".%0*llu", digits, static_cast<unsigned long long>(fraction));
  text.resize(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

std::string HeaderTime(int64_t nanos) {
  int64_t fraction = 0;
  const std::tm local = LocalTime(nanos, &fraction);
  return DateAndTime(local) + " " + local.tm_zone;
}

std::string FullTime(int64_t nanos) {
  int64_t fraction = 0;
  const std::tm local = LocalTime(nanos, &fraction);
  return DateAndTime(local) + Fraction(static_cast<uint64_t>(fraction), 9) + " " + Offset(local) +
         " " + local.tm_zone;
}

std::string FullDuration(int64_t nanos) {
  if (nanos == 0) return "0s";
  const std::string sign = nanos < 0 ? "-" : "";
  const uint64_t size = nanos < 0 ? 0 - static_cast<uint64_t>(nanos) : static_cast<uint64_t>(nanos);
  const auto whole = [](uint64_t value) { return std::to_string(value); };
  if (size < 1'000) return sign + whole(size) + "ns";
  if (size < 1'000'000) return sign + whole(size / 1'000) + Fraction(size % 1'000, 3) + "\xc2\xb5s";
  if (size < 1'000'000'000) {
    return sign + whole(size / 1'000'000) + Fraction(size % 1'000'000, 6) + "ms";
  }
  const uint64_t seconds = size / 1'000'000'000;
  std::string out = sign;
  if (seconds >= 3600) out += whole(seconds / 3600) + "h";
  if (seconds >= 60) out += whole(seconds / 60 % 60) + "m";
  return out + whole(seconds % 60) + Fraction(size % 1'000'000'000, 9) + "s";
}

}  // namespace cpprof
