// SPDX-License-Identifier: Apache-2.0
//
// Reads what the unwinder cannot have from memory: the .debug_frame sections of
// objects in whose code it found no rule (agent/hot/unwind/debug_frame.h). The
// section is read whole and decompressed; the hot part keeps a copy of it, as it
// is, behind a table of its functions sorted for binary search.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/hot/controls.h"

namespace pprofagent::service {

// Where an object's code is, as its file has it.
struct CodeRange {
  uint64_t begin;
  uint64_t end;
};

// The functions of a .debug_frame section that lie in one of the ranges, sorted,
// each once; `file_begin` is what their addresses are counted from. Records that
// are not understood are left out, and what comes after one whose length makes
// no sense.
std::vector<hot::DebugFrame::Row> FunctionsOfDebugFrame(std::string_view section,
                                                        const std::vector<CodeRange>& code,
                                                        uint64_t file_begin);

// Answers all that the unwinder has asked for. What cannot be used is logged. For
// the helper, and the constructor: a file of some megabytes takes some
// milliseconds.
void LoadWantedDebugFrames();

}  // namespace pprofagent::service
