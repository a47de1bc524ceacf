// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the name of a file in a dump directory.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tools/fetch/dump_directory.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view name(reinterpret_cast<const char*>(data), size);
  const auto dump = cpprof::fetch::ParseDumpName(name);
  if (dump.has_value()) static_cast<void>(cpprof::fetch::FormatDumps({*dump}));
  return 0;
}
