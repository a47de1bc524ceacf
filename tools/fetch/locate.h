// SPDX-License-Identifier: Apache-2.0
//
// A profile names its files as the machine it was made on knew them. Here they are looked for below
// the directories of $PPROF_BINARY_PATH (or $HOME/pprof/binaries), under the names that several
// tools give them; what is found takes the place of the name in the profile.
#pragma once

#include <string>
#include <vector>

#include "tools/base/notices.h"
#include "tools/profile/profile.h"

namespace cpprof::fetch {

// The directories to search: $PPROF_BINARY_PATH, or the default.
std::vector<std::string> BinarySearchPath();

// The places below `directory` where the file of a mapping may be, best first. Looks into the
// directory of the build id.
std::vector<std::string> BinaryCandidates(const std::string& directory, const std::string& file,
                                          const std::string& build_id);

// Points the mappings to files that exist. A profile without mappings gets an empty one for all
// locations. Then the first mapping takes `executable` as its file, and `build_id` if it has none.
void LocateBinaries(const std::vector<std::string>& directories, const std::string& executable,
                    const std::string& build_id, profile::Profile* profile, Notices* notices);

}  // namespace cpprof::fetch
