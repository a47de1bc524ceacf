// SPDX-License-Identifier: Apache-2.0
//
// Any bytes for every parser of the formats from before profile.proto.
#include <cstdint>
#include <string_view>

#include "tools/profile/legacy/legacy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(
      cpprof::profile::legacy::Parse(std::string_view(reinterpret_cast<const char*>(data), size)));
  return 0;
}
