// SPDX-License-Identifier: Apache-2.0
//
// Where the reference finds its helper programs: the option -tools (or $PPROF_TOOLS), a comma list
// of `directory` and `tool:directory`; without a plain directory in it, and with something in it,
// $PATH is not searched.
//
// We symbolize in process and need none of them, but the result depends on them all the same: the
// reference takes llvm-symbolizer if it finds one and addr2line if not, and the two do not tell the
// same. Equal output in equal surroundings is our contract, so the answers are given in the style
// of the tool that would have been asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cpprof::symbolize {

// The path of the program `name`, or nothing.
std::optional<std::string> FindTool(std::string_view name, std::string_view tools_option);

enum class AnswerStyle {
  // All that the debug information says: columns, lines of definition, and the names of inlined
  // functions. As llvm-symbolizer; also when there is no tool at all.
  kExact,
  // As addr2line of the GNU binutils with the reference's corrections: neither columns nor lines of
  // definition; the innermost function without a linker name is called after the symbol around it
  // when it is met first; files without a line end in ":?".
  kAddr2line,
};

AnswerStyle ChooseAnswerStyle(std::string_view tools_option);

}  // namespace cpprof::symbolize
