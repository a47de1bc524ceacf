// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the contents of a file: compressed or not, of any format.
#include <cstdint>
#include <string>

#include "tools/fetch/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(cpprof::fetch::ParseProfile({reinterpret_cast<const char*>(data), size}));
  return 0;
}
