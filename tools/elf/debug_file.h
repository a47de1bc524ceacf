// SPDX-License-Identifier: Apache-2.0
//
// Distributions strip their programs and ship the debug information as a file of its own. Where it
// is: under the build id in /usr/lib/debug/.build-id, or under the name that .gnu_debuglink gives,
// beside the program, in .debug beside it, or below /usr/lib/debug. A candidate is taken only when
// it is proven to belong to the program: same build id, or else the checksum of .gnu_debuglink.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/elf/file.h"

namespace cpprof::elf {

// Whether the file has DWARF of its own.
bool HasDebugInfo(const File& file);

// The file at `path`, if it has debug information and this build id; else null.
std::unique_ptr<File> OpenDebugFile(const std::string& path, const std::string& build_id);

// The path of the separate debug file for a build id, below one of `roots`; empty when there is
// none.
std::string FindDebugFileById(const std::string& build_id,
                              const std::vector<std::string>& roots = {"/usr/lib/debug"});

// The separate debug file of `file`, searched below `roots`; null when there is none.
std::unique_ptr<File> FindDebugFile(const File& file,
                                    const std::vector<std::string>& roots = {"/usr/lib/debug"});

}  // namespace cpprof::elf
