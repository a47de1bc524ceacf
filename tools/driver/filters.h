// SPDX-License-Identifier: Apache-2.0
//
// Applies the filter options of a Config to a profile, in the order that users rely on: names
// (focus, ignore, hide, show), show_from, labels of samples, labels shown, prune_from. Says which
// of them matched nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/driver/config.h"
#include "tools/profile/profile.h"

namespace cpprof::driver {

Status ApplyFilters(profile::Profile* profile, const Config& config,
                    const std::map<std::string, std::string>& label_units, Notices* notices);

// "focus=main" and so on, for the header.
std::vector<std::string> ActiveFilters(const Config& config);

// Says "X expression matched no samples" unless it did.
void WarnUnlessMatched(bool matched, const std::string& what, Notices* notices);

}  // namespace cpprof::driver
