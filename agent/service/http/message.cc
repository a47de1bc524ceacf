// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/message.h"

#include <time.h>

#include "agent/service/base/utc_time.h"

namespace pprofagent::service {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 301:
      return "Moved Permanently";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Request Entity Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

std::string TwoDigits(int value) {
  return {static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
}

// Tue, 15 Nov 1994 08:12:31 GMT
std::string HttpDate(int64_t seconds) {
  constexpr std::string_view kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr int64_t kSecondsPerDay = 86400;
  const UtcTime time = ToUtc(seconds);
  const int64_t weekday = ((seconds / kSecondsPerDay) % 7 + 7) % 7;
  std::string date(kDays[weekday]);
  date += ", " + TwoDigits(time.day) + " ";
  date += kMonths[time.month - 1];
  return date + " " + std::to_string(time.year) + " " + TwoDigits(time.hour) + ":" +
         TwoDigits(time.minute) + ":" + TwoDigits(time.second) + " GMT";
}

void AddHeader(std::string_view name, std::string_view value, std::string* text) {
  *text += name;
  *text += ": ";
  *text += value;
  *text += "\r\n";
}

}  // namespace

std::string UrlDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (text[i] == '%' && high >= 0 && low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i] == '+' && plus_is_space ? ' ' : text[i];
    }
  }
  return decoded;
}

std::string QueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const size_t equals = pair.find('=');
    if (UrlDecode(pair.substr(0, equals), true) != name) continue;
    return equals == std::string_view::npos ? std::string()
                                            : UrlDecode(pair.substr(equals + 1), true);
  }
  return std::string();
}

Response ProfileError(int status, std::string_view text) {
  return {.status = status, .headers = {{"X-Go-Pprof", "1"}}, .body = std::string(text) + "\n"};
}

std::string Head(const Response& response, Framing framing, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text += ReasonOf(response.status);
  text += "\r\n";
  for (const auto& [name, value] : response.headers) AddHeader(name, value, &text);
  if (!response.content_type.empty()) AddHeader("Content-Type", response.content_type, &text);
  AddHeader("X-Content-Type-Options", "nosniff", &text);
  AddHeader("Date", HttpDate(time(nullptr)), &text);
  switch (framing) {
    case Framing::kLength:
      AddHeader("Content-Length", std::to_string(response.body.size()), &text);
      break;
    case Framing::kChunked:
      AddHeader("Transfer-Encoding", "chunked", &text);
      break;
    case Framing::kConnection:
      break;
  }
  if (!keep_alive) AddHeader("Connection", "close", &text);
  return text + "\r\n";
}

}  // namespace pprofagent::service
