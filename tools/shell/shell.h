// SPDX-License-Identifier: Apache-2.0
//
// The shell: reads commands and option assignments from standard input until it ends. Each report
// works on a copy of the profile, so no command changes what the next one sees; options given to a
// command hold for it alone, assignments hold until changed. At a terminal lines are edited,
// completed and remembered (terminal.h), and Ctrl-C ends a report, not the shell (job.h).
//
//     top 5 -cum main      a report: number of nodes, order, focus and -ignore expressions, >file,
//                          >>file, | command
//     focus=main           an option; text after "//:" is a comment
//     cpu                  a sample type of the profile: total_cpu, mean_cpu
//     :                    clears the filters
#pragma once

#include "tools/base/notices.h"
#include "tools/base/status.h"
#include "tools/driver/config.h"
#include "tools/profile/profile.h"

namespace cpprof::shell {

Status Run(const profile::Profile& profile, driver::Config config, Notices* notices);

}  // namespace cpprof::shell
