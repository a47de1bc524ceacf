// SPDX-License-Identifier: Apache-2.0
//
// The binary CPU profile is a sequence of machine words, 32 or 64 bits wide, in the byte order of
// the machine it was made on; which it is, the header tells by making sense.
#pragma once

#include <cstdint>
#include <string_view>

namespace cpprof::profile::legacy {

class WordReader {
 public:
  WordReader(std::string_view bytes, size_t width, bool big_endian)
      : rest_(bytes), width_(width), big_endian_(big_endian) {}

  // The next word; 0 from the first one on that is not there in full (ok() is false then).
  uint64_t Next();
  bool ok() const { return ok_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  size_t width_;
  bool big_endian_;
  bool ok_ = true;
};

}  // namespace cpprof::profile::legacy
