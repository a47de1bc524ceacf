// SPDX-License-Identifier: Apache-2.0
//
// A cursor over bytes that may be anything: every read is checked against the
// end, and after the first one that fails all further reads give 0 and ok() is
// false, so that parsers check once per record and not once per byte.
#pragma once

#include <cstdint>
#include <cstring>

namespace pprofagent::hot {

class ByteReader {
 public:
  ByteReader(const uint8_t* begin, const uint8_t* end) : at_(begin), end_(end) {}

  bool ok() const { return ok_; }
  bool empty() const { return at_ >= end_; }
  const uint8_t* at() const { return at_; }
  const uint8_t* end() const { return end_; }

  template <typename T>
  T Read() {
    T value{};
    if (!Has(sizeof(T))) return value;
    memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  uint64_t ReadUleb() {
    uint64_t value = 0;
    for (unsigned shift = 0; Has(1); shift += 7) {
      const uint8_t byte = *at_++;
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return 0;
  }

  int64_t ReadSleb() {
    uint64_t value = 0;
    for (unsigned shift = 0; Has(1);) {
      const uint8_t byte = *at_++;
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      if ((byte & 0x40) != 0 && shift < 64) value |= ~uint64_t{0} << shift;
      return static_cast<int64_t>(value);
    }
    return 0;
  }

  // The next `count` bytes, skipped.
  const uint8_t* Take(uint64_t count) {
    const uint8_t* taken = at_;
    if (Has(count)) at_ += count;
    return taken;
  }

  void Fail() { ok_ = false; }

 private:
  bool Has(uint64_t count) {
    if (ok_ && static_cast<uint64_t>(end_ - at_) >= count) return true;
    ok_ = false;
    return false;
  }

  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

}  // namespace pprofagent::hot
