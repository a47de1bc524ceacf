// SPDX-License-Identifier: Apache-2.0
//
// Modules that another thread's stack leads through, or seems to. A thread that
// walks its own stack is in the module it looks at, so nobody can unload that
// meanwhile. Another thread may return and call dlclose between any two of our
// reads; and left-overs on its stack may name what has been unloaded long ago. So
// nothing of such a module is touched: the loader's index says where it is
// (module_lookup.h), and what lies there is copied by the kernel, which fails
// where we would fault (rt/copy_memory.h).
//
// A copy may be half of one module and half of its successor. Whatever is to be
// remembered, a module's record or a rule, is believed only if the module is
// there afterwards as it was before. What was only used for this stack need not
// be checked: if a frame's module has gone, the thread has moved, which is found
// out at the end.
//
// A look costs 0.5 us for the build ID of a module that is known, and 10 us for a
// rule that is not; nothing more than on the own stack for the modules that are
// known to stay (module_lookup.h).
#pragma once

#include <cstdint>

#include "agent/hot/unwind/module_lookup.h"
#include "agent/hot/unwind/table_copies.h"

namespace pprofagent::hot {

// Of any address, as FindModule. Async-signal-safe; 6 KiB of stack at the first
// look at a module.
bool FindVanishingModule(uintptr_t address, Module* module);

// Whether it is in any; takes no look at the module.
bool IsInModule(uintptr_t address);

// As TablesOf; reading them copies them, into one place for all of the process: one
// caller at a time, and a rule found is good until the next call.
CfiModule VanishingTablesOf(const Module& module);
// Whether what has been found in them since, or not found, is so.
bool WereTablesOf(const Module& module);

}  // namespace pprofagent::hot
