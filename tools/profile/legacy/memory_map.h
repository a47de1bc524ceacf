// SPDX-License-Identifier: Apache-2.0
//
// The section that tells which files were mapped where. It comes as the text of /proc/PID/maps or
// in a shorter form,
//
//     400000-800000: /path/to/binary (@FF00) abc123456
//
// behind a headline, after the samples. "name=value" lines define $name for the lines after them,
// and log prefixes in front of the lines are ignored, because these sections were printed into
// logs.
#pragma once

#include <string_view>

#include "tools/base/status.h"
#include "tools/profile/legacy/line_reader.h"
#include "tools/profile/profile.h"

namespace cpprof::profile::legacy {

// Whether the line is the headline of a memory map.
bool IsMemoryMapHeadline(std::string_view line);

// Reads on to the headline and adds the mappings behind it.
Status ParseFromHeadline(LineReader* lines, Profile* profile);

// Adds the mappings of the lines still to come, puts the main program first, and does the rest by
// AssignMappings.
Status ParseMemoryMap(LineReader* lines, Profile* profile);

// Removes locations that no sample uses and gives each of the others its mapping; those no mapping
// holds share a made-up one of all addresses. Locations get new indices.
void AssignMappings(Profile* profile);

}  // namespace cpprof::profile::legacy
