// SPDX-License-Identifier: Apache-2.0
//
// From the bytes of a profile.proto (already decompressed) to a Profile.
//
// Two kinds of failure must be told apart, because after the first the legacy formats are tried:
// bytes that are no profile.proto at all, and a profile.proto whose parts contradict each other
// (a sample naming a location that does not exist).
#pragma once

#include <string_view>

#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::profile {

enum class DecodeOutcome {
  kDecoded,
  kEmpty,         // no bytes: "empty input file"
  kConcatenated,  // two profiles in one file: "concatenated profiles detected"
  kNotAProfile,   // the wire format or a string index is wrong: it may be another format
  kInconsistent,  // decodes, but its parts do not fit together
};

struct DecodeResult {
  DecodeOutcome outcome = DecodeOutcome::kDecoded;
  std::string message;
};

// With kDecoded *profile is complete and consistent; otherwise it is unspecified.
DecodeResult Decode(std::string_view bytes, Profile* profile);

}  // namespace cpprof::profile
