// SPDX-License-Identifier: Apache-2.0
//
// comments: all comments of the profile, one a line.
#include "tools/report/formats.h"

namespace cpprof::report {

Status WriteComments(Report* report, std::string* out) {
  for (const profile::StringId comment : report->profile().comments) {
    out->append(report->profile().Text(comment)).append("\n");
  }
  return Status::Ok();
}

}  // namespace cpprof::report
