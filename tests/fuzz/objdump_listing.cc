// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the output of objdump.
#include <cstdint>
#include <string_view>

#include "tools/disassemble/listing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(cpprof::disassemble::ReadListing(
      std::string_view(reinterpret_cast<const char*>(data), size)));
  return 0;
}
