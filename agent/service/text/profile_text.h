// SPDX-License-Identifier: Apache-2.0
//
// Profiles as text, for people with nothing but curl (?debug=1): the legacy
// formats of Go and gperftools, with functions and lines in comments. Every
// pprof reads them back to the same numbers.
#pragma once

#include <string>

#include "agent/service/profile/mappings.h"
#include "agent/service/profile/recording.h"

namespace pprofagent::service {

struct TextOptions {
  // A count profile names itself as it was asked for: "goroutine profile: ...".
  std::string_view name;
  // What the program's allocator says, for the heap profile (memory_stats.h).
  std::string memory_stats;
};

// The kernel's list, by which pprof finds the binaries, with their build IDs.
std::string MemoryMapText(const Mappings& mappings);

// Empty for kinds that have no text form.
std::string ProfileText(const Recording& recording, const TextOptions& options);

}  // namespace pprofagent::service
