// SPDX-License-Identifier: Apache-2.0
//
// One frame of what an address means in the source. Inlining makes several frames of one address:
// the innermost inlined function first, the function that was really called last.
#pragma once

#include <cstdint>
#include <string_view>

namespace cpprof::symbolize {

struct Frame {
  // The linker's name where the debug information has one, else the plain one; may be empty.
  std::string_view function = {};
  std::string_view file = {};
  int32_t line = 0;
  int32_t column = 0;
  int32_t start_line = 0;
  // The entry of the debug information this comes from (0: none), the address its code starts at,
  // and whether `function` is a linker's name.
  uint64_t instance = 0;
  uint64_t entry = 0;
  bool linkage = false;
};

}  // namespace cpprof::symbolize
