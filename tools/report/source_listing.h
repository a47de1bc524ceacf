// SPDX-License-Identifier: Apache-2.0
//
// Source files with values and machine code: what weblist shows, as data.
//
//     file -> function -> source line -> instruction (-> inlined calls it comes from)
//
// The functions are those with samples whose name, linker name, source file or binary match; where
// a match was inlined, the code around it counts. Instructions come from disassembling the
// neighbourhood of the samples; each is listed under every line that is in its inlined stack and
// belongs to a wanted function. Code that cannot be disassembled (no binary, no objdump) is listed
// by what the profile itself says, as synthetic instructions without text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/base/status.h"
#include "tools/report/report.h"

namespace cpprof::report {

// An inlined call on the way to an instruction.
struct ListedCall {
  std::string source;  // its line, indented
  std::string file;    // base name
  int64_t line = 0;
};

struct ListedInstruction {
  bool new_block = false;  // it does not follow the one before it
  bool synthetic = false;
  uint64_t address = 0;  // in the file
  int64_t flat = 0;
  int64_t cum = 0;
  std::string text;   // indented
  std::string place;  // "file.cc:12"
  std::vector<ListedCall> calls;
};

struct ListedLine {
  enum class Kind { kEmpty, kSourceOnly, kWithCode };

  int64_t number = 0;  // 0: instructions of unknown line
  Kind kind = Kind::kEmpty;
  std::string source;
  int64_t flat = 0;
  int64_t cum = 0;
  std::vector<ListedInstruction> instructions;
};

struct ListedFunction {
  std::string name;
  int64_t flat = 0;
  int64_t cum = 0;
  std::vector<ListedLine> lines;
};

struct ListedFile {
  std::string name;
  std::vector<ListedFunction> functions;
};

// Sorted by name. An error if nothing matches.
Result<std::vector<ListedFile>> ListSources(Report* report);

}  // namespace cpprof::report
