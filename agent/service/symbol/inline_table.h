// SPDX-License-Identifier: Apache-2.0
//
// The functions that the compiler has put into others, from .debug_info (DWARF 4
// and 5; https://dwarfstd.org). A symbol whose address lies in such code gets the
// chain of them; its own place becomes that of the call in the function itself.
//
// Of every unit only the first entry is read, which tells what addresses it
// has; those with wanted addresses are then read once from beginning to end.
// Units above 16 MiB, and what is beyond 256 MiB of units read, are left out, as
// are names that are kept in a file of their own (dwz): then the chain is missing.
#pragma once

#include <span>

#include "agent/service/symbol/debug_sections.h"
#include "agent/service/symbol/line_table.h"

namespace pprofagent::service {

// `queries` are ordered by address, and their symbols have their lines already.
void FindInlined(DebugSections* sections, std::span<const LineQuery> queries);

}  // namespace pprofagent::service
