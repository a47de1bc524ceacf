// SPDX-License-Identifier: Apache-2.0
//
// The unit that each numeric label is shown in: the first one seen for its key. Labels that never
// have one are bytes if their name says so, otherwise their name is the unit.
#pragma once

#include <map>
#include <string>

#include "tools/base/notices.h"
#include "tools/profile/profile.h"

namespace cpprof::report {

// Says which keys come with several units.
std::map<std::string, std::string> FindLabelUnits(const profile::Profile& profile,
                                                  Notices* notices);

}  // namespace cpprof::report
