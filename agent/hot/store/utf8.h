// SPDX-License-Identifier: Apache-2.0
//
// Whether bytes are UTF-8 text: strict readers refuse a whole profile for one
// string that is not.
#pragma once

#include <cstddef>

namespace pprofagent::hot {

// As RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
inline bool IsUtf8(const char* text, size_t size) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text);
  const auto continues = [&](size_t at, unsigned char least, unsigned char most) {
    return at < size && bytes[at] >= least && bytes[at] <= most;
  };
  for (size_t i = 0; i < size;) {
    const unsigned char first = bytes[i++];
    if (first < 0x80) continue;
    if (first < 0xc2 || first > 0xf4) return false;
    const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (!continues(i++, least, most)) return false;
    for (int left = (first >= 0xe0) + (first >= 0xf0); left > 0; --left) {
      if (!continues(i++, 0x80, 0xbf)) return false;
    }
  }
  return true;
}

}  // namespace pprofagent::hot
