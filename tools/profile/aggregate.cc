// SPDX-License-Identifier: Apache-2.0
//
// See aggregate.h. Only tables are edited; samples keep referring to the same locations, and rows
// that have become equal meet when a graph is built.
#include "tools/profile/aggregate.h"

namespace cpprof::profile {
namespace {

void AggregateMappings(Profile* profile, const Detail& detail) {
  for (Mapping& mapping : profile->mappings) {
    mapping.has_functions &= detail.function;
    mapping.has_filenames &= detail.filename;
    mapping.has_line_numbers &= detail.line;
    mapping.has_inline_frames &= detail.inlines;
  }
}

void AggregateFunctions(Profile* profile, const Detail& detail) {
  for (Function& function : profile->functions) {
    if (!detail.function) function.name = function.system_name = 0;
    if (!detail.filename) function.filename = 0;
  }
}

void AggregateLocations(Profile* profile, const Detail& detail) {
  for (LocationIndex i = 0; i < profile->locations.size(); ++i) {
    Location& location = profile->locations[i];
    if (!detail.inlines && location.line_count > 1) {
      location.first_line += location.line_count - 1;
      location.line_count = 1;
    }
    if (!detail.address) location.address = 0;
    for (Line& line : profile->Lines(i)) {
      if (!detail.line) line.line = line.column = 0;
      if (!detail.column) line.column = 0;
    }
  }
}

}  // namespace

void Aggregate(Profile* profile, const Detail& detail) {
  AggregateMappings(profile, detail);
  AggregateFunctions(profile, detail);
  AggregateLocations(profile, detail);
}

}  // namespace cpprof::profile
