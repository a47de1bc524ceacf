// SPDX-License-Identifier: Apache-2.0
//
// Source lines from .debug_line (DWARF 2 to 5). Each unit's program is run once
// and its rows are compared with the wanted addresses; units larger than
// 64 MiB and, of a file, what is beyond the first 512 MiB are left out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/service/symbol/debug_sections.h"

namespace pprofagent::service {

struct Symbol;

struct LineQuery {
  uint64_t address;  // at link time
  Symbol* symbol;    // gets file and line
};

// `queries` are ordered by address. Those without an answer stay as they are.
void FindLines(DebugSections* sections, std::span<const LineQuery> queries);

// The files of the unit at this offset of .debug_line, as its numbers count them.
std::vector<std::string> FilesOfUnit(DebugSections* sections, uint64_t offset);

}  // namespace pprofagent::service
