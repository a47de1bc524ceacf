// SPDX-License-Identifier: Apache-2.0
//
// From a profile, a command and a configuration to the bytes of a report:
//
//     label units -> the command's own settings -> label frames -> filters -> total -> aggregation
//     -> the format
//
// The total is taken before the filters, so that percentages stay comparable, or after them with
// relative_percentages.
#pragma once

#include <string>
#include <vector>

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/driver/commands.h"
#include "tools/driver/config.h"
#include "tools/profile/profile.h"
#include "tools/report/limits.h"

namespace cpprof::driver {

struct Request {
  const Command* command = nullptr;
  std::string regexp;  // for commands that take one; empty: none
};

// The profile is consumed: reports edit what they work on.
Result<std::string> GenerateReport(profile::Profile profile, const Request& request,
                                   const Config& config, Notices* notices);

// What costs more than it may. Only functions that match `functions` are limited, if it is not
// empty. Percentages, filters and granularity are the report's.
Result<report::Excesses> FindExcesses(profile::Profile profile,
                                      const std::vector<report::Limit>& limits,
                                      const std::string& functions, const Config& config,
                                      Notices* notices);

// The lines that describe the profile, as above a report; with a hint when it shows only zeros.
Result<std::vector<std::string>> DescribeProfile(profile::Profile profile, const Config& config,
                                                 Notices* notices);

// Which value of the samples `sample_index` names: a number, or a type's name.
Result<size_t> FindSampleIndex(const profile::Profile& profile, const std::string& sample_index);

}  // namespace cpprof::driver
