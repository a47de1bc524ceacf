// SPDX-License-Identifier: Apache-2.0
//
// Counts of stacks, as Go lists its goroutines and thread creations:
//
//     goroutine profile: total 3
//     2 @ 0x4011c3 0x401304
//     # comments, which show the same stack in words
//
// A line of dashes ends the list; a memory map may follow.
#include "tools/base/strings.h"
#include "tools/profile/legacy/builder.h"
#include "tools/profile/legacy/memory_map.h"
#include "tools/profile/legacy/numbers.h"
#include "tools/profile/legacy/parsers.h"
#include "tools/profile/legacy/pattern.h"

namespace cpprof::profile::legacy {
namespace {

// False when the line is no count of a stack.
bool AddCount(std::string_view line, Builder* builder) {
  static const Pattern pattern(R"(\A(\d+) @(( 0x[0-9a-f]+)+)\z)");
  const auto found = pattern.Find(line);
  if (!found) return false;
  const auto count = ParseAnyBase((*found)[1]);
  const auto addresses = ParseHexAddresses((*found)[2]);
  if (!count || !addresses.ok()) return false;
  builder->AddSample(*addresses, 0, {{*count}});
  return true;
}

}  // namespace

Parsed ParseGoCount(std::string_view bytes) {
  static const Pattern start(R"(\A(\S+) profile: total \d+\z)");
  LineReader lines(bytes);
  while (lines.Next() && IsSpaceOrComment(lines.line())) {
  }
  if (!lines.status().ok()) return lines.status();
  const auto header = start.Find(lines.line());
  if (!header) return kOtherFormat;
  Builder builder;
  Profile& profile = builder.profile();
  profile.AddSampleType((*header)[1], "count");
  profile.period_type = profile.sample_types[0];
  profile.period = 1;
  while (lines.Next()) {
    const std::string_view line = lines.line();
    if (IsSpaceOrComment(line)) continue;
    if (line.starts_with("---")) break;
    if (!AddCount(line, &builder)) return Status::Error("malformed profile format");
  }
  if (!lines.status().ok()) return lines.status();
  Status status = ParseFromHeadline(&lines, &profile);
  if (!status.ok()) return status;
  return builder.Take();
}

}  // namespace cpprof::profile::legacy
