// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/words.h"

namespace cpprof::profile::legacy {

uint64_t WordReader::Next() {
  if (rest_.size() < width_ || !ok_) {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < width_; ++i) {
    const size_t at = big_endian_ ? i : width_ - 1 - i;
    value = value << 8 | static_cast<unsigned char>(rest_[at]);
  }
  rest_.remove_prefix(width_);
  return value;
}

}  // namespace cpprof::profile::legacy
