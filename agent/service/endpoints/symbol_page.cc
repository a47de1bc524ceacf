// SPDX-License-Identifier: Apache-2.0
#include "agent/service/endpoints/symbol_page.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/service/symbol/symbols.h"

namespace pprofagent::service {
namespace {

// 0x4011d6, 017, 99
std::optional<uint64_t> ParseAddress(std::string_view word) {
  int base = 10;
  if (word.starts_with("0x") || word.starts_with("0X")) {
    base = 16;
    word.remove_prefix(2);
  } else if (word.size() > 1 && word.starts_with('0')) {
    base = 8;
  }
  uint64_t address = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), address, base);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return address;
}

std::vector<uint64_t> ParseAddresses(std::string_view words) {
  std::vector<uint64_t> addresses;
  while (!words.empty()) {
    const size_t end = words.find('+');
    std::string_view word = words.substr(0, end);
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
    while (!word.empty() && (word.back() == '\n' || word.back() == '\r')) word.remove_suffix(1);
    if (const std::optional<uint64_t> address = ParseAddress(word)) addresses.push_back(*address);
  }
  return addresses;
}

}  // namespace

Response SymbolPage(const Request& request) {
  const std::vector<uint64_t> addresses =
      ParseAddresses(request.method == "POST" ? request.body : request.query);
  const Symbols symbols = Symbols::Of(addresses, Mappings::OfThisProcess());
  // Any number but 0 says that there are symbols to be had.
  std::string body = "num_symbols: 1\n";
  for (const uint64_t address : addresses) {
    const std::string& name = symbols.Find(address).function;
    if (name.empty()) continue;
    char digits[2 + 16] = {'0', 'x'};
    const auto result = std::to_chars(digits + 2, digits + sizeof(digits), address, 16);
    body += std::string(digits, result.ptr) + " " + name + "\n";
  }
  return {.body = std::move(body)};
}

}  // namespace pprofagent::service
