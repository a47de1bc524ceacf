// SPDX-License-Identifier: Apache-2.0
#include "tools/fetch/parse.h"

#include "tools/fetch/gunzip.h"
#include "tools/profile/decode.h"
#include "tools/profile/legacy/legacy.h"
#include "tools/profile/stacks/stacks.h"

namespace cpprof::fetch {
namespace {

// The formats of the reference, with its errors.
Result<profile::Profile> ParseKnownFormats(std::string_view bytes) {
  profile::Profile profile;
  const profile::DecodeResult decoded = profile::Decode(bytes, &profile);
  switch (decoded.outcome) {
    case profile::DecodeOutcome::kDecoded:
      return profile;
    case profile::DecodeOutcome::kInconsistent:
      return Status::Error("malformed profile: " + decoded.message);
    case profile::DecodeOutcome::kEmpty:
    case profile::DecodeOutcome::kConcatenated:
      return Status::Error("parsing profile: " + decoded.message);
    case profile::DecodeOutcome::kNotAProfile:
      break;
  }
  auto legacy = profile::legacy::Parse(bytes);
  if (!legacy.ok()) return legacy.status().Annotate("parsing profile");
  return legacy;
}

}  // namespace

Result<profile::Profile> ParseProfile(std::string_view bytes) {
  Bytes unfolded;
  if (IsGzip(bytes)) {
    auto plain = Gunzip(bytes, DecompressionLimit(bytes.size()));
    if (!plain.ok()) return plain.status().Annotate("decompressing profile");
    unfolded = std::move(*plain);
    bytes = View(unfolded);
  }
  auto known = ParseKnownFormats(bytes);
  if (known.ok()) return known;
  if (profile::stacks::Parsed stacks = profile::stacks::Parse(bytes)) {
    if (!stacks->ok()) return stacks->status().Annotate("parsing profile");
    return std::move(*stacks);
  }
  return known;
}

}  // namespace cpprof::fetch
