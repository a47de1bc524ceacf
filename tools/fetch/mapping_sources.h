// SPDX-License-Identifier: Apache-2.0
//
// Which URLs the mappings of a profile came from, so that their functions can be asked for there.
// Keyed by build id, or file, or (when a mapping has neither) by the URL itself, which then stands
// in the mapping's file until symbolization is over.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cpprof::fetch {

struct MappingSource {
  std::string url;
  // Where the mapping started in the process behind the URL; merging moves mappings.
  uint64_t start = 0;
};

using MappingSources = std::map<std::string, std::vector<MappingSource>, std::less<>>;

}  // namespace cpprof::fetch
