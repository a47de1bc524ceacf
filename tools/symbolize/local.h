// SPDX-License-Identifier: Apache-2.0
//
// Symbolization from the files on this machine: every mapping that has no names yet and whose file
// can be opened gets its locations resolved, all at once for each file.
#pragma once

#include "tools/base/notices.h"
#include "tools/profile/profile.h"
#include "tools/symbolize/mode.h"
#include "tools/symbolize/tool_search.h"

namespace cpprof::symbolize {

// What cannot be resolved stays as it is; why is said in `notices`.
void SymbolizeLocally(profile::Profile* profile, const Mode& mode, AnswerStyle style,
                      Notices* notices);

// Whether the mapping is something that never has a file with symbols: [vdso], device memory.
bool IsUnsymbolizable(std::string_view file);

}  // namespace cpprof::symbolize
