// SPDX-License-Identifier: Apache-2.0
#include "tools/profile/legacy/legacy.h"

#include "tools/profile/legacy/frame_filters.h"
#include "tools/profile/legacy/parsers.h"

namespace cpprof::profile::legacy {

Result<Profile> Parse(std::string_view bytes) {
  for (const auto parser :
       {ParseCpu, ParseHeap, ParseGoCount, ParseThreads, ParseContention, ParseJava}) {
    Parsed parsed = parser(bytes);
    if (!parsed) continue;
    if (parsed->ok()) AddFrameFilters(&parsed->value());
    return std::move(*parsed);
  }
  return Status::Error("unrecognized profile format");
}

}  // namespace cpprof::profile::legacy
