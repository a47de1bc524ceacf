// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as gzip members; what comes out keeps to the limit.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tools/fetch/gunzip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kLimit = 1 << 20;
  const auto plain =
      cpprof::fetch::Gunzip(std::string_view(reinterpret_cast<const char*>(data), size), kLimit);
  if (plain.ok() && plain.value().size() > kLimit) std::abort();
  return 0;
}
