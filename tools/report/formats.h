// SPDX-License-Identifier: Apache-2.0
//
// The report formats, one function and one file each. A function appends its report to *out; on
// failure what it has appended is worthless and nobody sees it. WriteJson and WriteCsv are other
// forms of top, tree, peek and tags; the layout says of which.
#pragma once

#include <string>

#include "tools/base/status.h"
#include "tools/report/report.h"

namespace cpprof::report {

Status WriteComments(Report* report, std::string* out);
Status WriteCallgrind(Report* report, std::string* out);
Status WriteCsv(Report* report, std::string* out);
Status WriteDisasm(Report* report, std::string* out);
Status WriteDot(Report* report, std::string* out);
Status WriteFolded(Report* report, std::string* out);
Status WriteJson(Report* report, std::string* out);
Status WriteList(Report* report, std::string* out);
Status WriteProto(Report* report, std::string* out);
Status WriteRaw(Report* report, std::string* out);
Status WriteTags(Report* report, std::string* out);
Status WriteText(Report* report, std::string* out);
Status WriteTopProto(Report* report, std::string* out);
Status WriteTraces(Report* report, std::string* out);
Status WriteTree(Report* report, std::string* out);
Status WriteWebList(Report* report, std::string* out);

}  // namespace cpprof::report
