// SPDX-License-Identifier: Apache-2.0
//
// MiniDebugInfo: some distributions (Fedora and its relatives) leave in their stripped programs the
// section .gnu_debugdata, an xz-compressed ELF file with the symbols of the functions that are not
// exported. Names of functions, no lines; much better than nothing.
#pragma once

#include <memory>

#include "tools/elf/file.h"

namespace cpprof::elf {

// The file inside, or null: there is none, or it is damaged or unfolds to more than it may (64
// MiB).
std::unique_ptr<File> OpenMiniDebugInfo(const File& file);

}  // namespace cpprof::elf
