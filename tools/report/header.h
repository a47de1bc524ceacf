// SPDX-License-Identifier: Apache-2.0
//
// The lines above a report: what was profiled, when, and how much of it is shown.
#pragma once

#include <string>
#include <vector>

#include "tools/report/report.h"
#include "tools/report/trimmed_graph.h"

namespace cpprof::report {

// File, build id, comments, type, documentation, time, duration.
std::vector<std::string> ProfileHeader(const Report& report);

// The profile's lines unless labels are compact, active filters, and what was left out. `drawing`:
// for a graph, which also says what edges it lacks and where its legend is explained.
std::vector<std::string> ReportHeader(const Report& report, const TrimmedGraph& trimmed,
                                      bool drawing);

}  // namespace cpprof::report
