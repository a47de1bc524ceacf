// SPDX-License-Identifier: Apache-2.0
//
// Reads what objdump prints, that of the GNU binutils and that of LLVM:
//
//     0000000000401136 <mix(unsigned long)>:        LLVM's functions; both print this line
//     mix(unsigned long)():                         the GNU tool's
//     ; mix(unsigned long)():                       LLVM's with line numbers
//     /src/work.cc:12 (discriminator 3)             both, LLVM with "; " in front
//       401136:       push   %rbp                   both
//
// Any other line, an empty one too, ends what is known about function and line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cpprof::disassemble {

struct Instruction {
  uint64_t address = 0;  // in the file
  std::string text;
  // As the debug information says; empty and 0 where it does not.
  std::string function;
  std::string file;
  int64_t line = 0;
};

std::vector<Instruction> ReadListing(std::string_view text);

}  // namespace cpprof::disassemble
