// SPDX-License-Identifier: Apache-2.0
#include "agent/service/text/quoted.h"

#include <algorithm>

namespace pprofagent::service {

std::string Quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7f) {
      quoted += {'\\', 'x', kHex[byte / 16], kHex[byte % 16]};
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string InBraces(const std::vector<SampleLabel>& labels, std::string_view colon) {
  std::vector<std::string> pairs;
  for (const SampleLabel& label : labels) {
    const std::string value = label.text.empty() ? std::to_string(label.number) : label.text;
    pairs.push_back(Quoted(label.key) + std::string(colon) + Quoted(value));
  }
  if (pairs.empty()) return std::string();
  std::sort(pairs.begin(), pairs.end());
  std::string text = "{";
  for (const std::string& pair : pairs) text += (text.size() == 1 ? "" : ", ") + pair;
  return text + "}";
}

}  // namespace pprofagent::service
