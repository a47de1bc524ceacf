// SPDX-License-Identifier: Apache-2.0
//
// Reads numbers and texts out of bytes that may be anything: past the end
// everything is 0 and ok() false.
#pragma once

#include <string.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace pprofagent::service {

class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  size_t left() const { return rest_.size(); }

  template <typename T>
  T Number() {
    T value = 0;
    if (!Has(sizeof(value))) return 0;
    memcpy(&value, rest_.data(), sizeof(value));
    rest_.remove_prefix(sizeof(value));
    return value;
  }
  // A number of 1, 2, 4 or 8 bytes.
  uint64_t Unsigned(size_t bytes) {
    uint64_t value = 0;
    if (bytes > sizeof(value) || !Has(bytes)) return 0;
    memcpy(&value, rest_.data(), bytes);
    rest_.remove_prefix(bytes);
    return value;
  }
  uint64_t Uleb() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = Number<uint8_t>();
      if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }
  int64_t Sleb() {
    uint64_t value = 0;
    for (unsigned shift = 0;;) {
      const auto byte = Number<uint8_t>();
      if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      if ((byte & 0x40) != 0 && shift < 64) value |= ~uint64_t{0} << shift;
      return static_cast<int64_t>(value);
    }
  }
  // Up to a zero byte, which is skipped.
  std::string_view Text() {
    const size_t end = rest_.find('\0');
    if (end == std::string_view::npos) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::string_view Take(uint64_t bytes) {
    if (!Has(bytes)) return {};
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

 private:
  bool Has(uint64_t bytes) {
    if (bytes <= rest_.size()) return true;
    ok_ = false;
    rest_ = {};
    return false;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace pprofagent::service
