// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as folded stacks and as what `perf script` prints; what is accepted must be a profile
// whose parts refer to things that exist.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "tools/profile/stacks/stacks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = cpprof::profile::stacks::Parse(text);
  if (!parsed || !parsed->ok()) return 0;
  const cpprof::profile::Profile& profile = parsed->value();
  for (size_t row = 0; row < profile.samples.size(); ++row) {
    if (profile.samples.Values(row).size() != profile.sample_types.size()) std::abort();
    for (const auto location : profile.samples.Stack(row)) {
      if (location >= profile.locations.size()) std::abort();
      for (const auto& line : profile.Lines(location)) {
        if (line.function >= profile.functions.size()) std::abort();
      }
    }
  }
  return 0;
}
