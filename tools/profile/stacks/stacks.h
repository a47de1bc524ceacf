// SPDX-License-Identifier: Apache-2.0
//
// Stacks as other profilers write them down: lists of function names as text. Two forms are read,
// folded stacks (folded.cc) and what `perf script` prints (perf_script.cc). Neither has a mark at
// its start, so a text is taken for one only if its first lines have exactly that form; from then
// on a line that has not is an error. The door of this folder.
#pragma once

#include <optional>
#include <string_view>

#include "tools/base/status.h"
#include "tools/profile/profile.h"

namespace cpprof::profile::stacks {

// Nothing: the text has neither form. An error names the line and what is wrong with it.
using Parsed = std::optional<Result<Profile>>;
Parsed Parse(std::string_view text);

Parsed ParseFolded(std::string_view text);
Parsed ParsePerfScript(std::string_view text);

}  // namespace cpprof::profile::stacks
