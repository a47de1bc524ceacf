// SPDX-License-Identifier: Apache-2.0
//
// The running test as a profiled program: the mapping that holds its code.
#pragma once

#include <cinttypes>
#include <cstdio>
#include <filesystem>

#include "tools/profile/profile.h"

namespace cpprof {

// The mapping of the test that holds `address`.
inline profile::Mapping OwnMapping(profile::Profile* profile, uintptr_t address) {
  profile::Mapping mapping;
  std::FILE* maps = std::fopen("/proc/self/maps", "re");
  char line[4096];
  while (maps != nullptr && std::fgets(line, sizeof(line), maps) != nullptr) {
    uint64_t start = 0;
    uint64_t limit = 0;
    uint64_t offset = 0;
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &limit, &offset) != 3) {
      continue;
    }
    if (start > address || address >= limit) continue;
    mapping.start = start;
    mapping.limit = limit;
    mapping.offset = offset;
  }
  if (maps != nullptr) std::fclose(maps);
  mapping.file = profile->Intern(std::filesystem::canonical("/proc/self/exe").string());
  return mapping;
}

}  // namespace cpprof
