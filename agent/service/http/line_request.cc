// SPDX-License-Identifier: Apache-2.0
#include "agent/service/http/line_request.h"

#include <algorithm>

namespace pprofagent::service {

bool IsHttpLine(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  constexpr std::string_view kVersion = " HTTP/";
  const size_t at = line.rfind(kVersion);
  if (at == std::string_view::npos) return false;
  const std::string_view version = line.substr(at + kVersion.size());
  return !version.empty() && std::all_of(version.begin(), version.end(),
                                         [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

Request LineRequest(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const size_t end = std::min(line.find_first_of(kBlanks), line.size());
  Request request;
  request.method = kLineMethod;
  request.path = "/control/" + std::string(line.substr(0, end));
  request.body = line.substr(end);
  request.keep_alive = true;
  return request;
}

std::string SerializeLines(const Response& response) {
  constexpr int kOk = 200;
  if (response.status != kOk) {
    std::string text = "error: " + response.body;
    // One line, whatever it was made of.
    while (text.ends_with('\n')) text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text + "\n";
  }
  const bool is_whole = response.body.empty() || response.body.ends_with('\n');
  return response.body + (is_whole ? "ok\n" : "\nok\n");
}

}  // namespace pprofagent::service
