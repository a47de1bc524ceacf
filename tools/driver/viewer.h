// SPDX-License-Identifier: Apache-2.0
//
// Showing a report in another program: it is written to a temporary file, which the program is
// started with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"

namespace cpprof::driver {

// `program` is a command line, or "browser" for the first browser there is: $BROWSER, some known
// ones, or the desktop's choice. `wait`: until the program ends, after which the file is removed;
// otherwise the file is removed when cpprof ends (RemoveShownFiles).
Status Show(const std::string& bytes, std::string_view program, std::string_view extension,
            bool wait);

// The files that viewers were started with.
const std::vector<std::string>& ShownFiles();
// One more of them: another process, a copy of this one, has made it.
void AdoptShownFile(std::string file);
// Gives the last viewer a moment to open its file before.
void RemoveShownFiles();

}  // namespace cpprof::driver
