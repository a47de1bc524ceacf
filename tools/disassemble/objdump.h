// SPDX-License-Identifier: Apache-2.0
//
// Machine code by the program objdump, LLVM's if there is one that is new enough (8), or else that
// of the GNU binutils: the reference's choice, found in the reference's places (-tools,
// $PPROF_TOOLS, $PATH), because what they print differs and reports are compared. It is run on
// files that a profile names, so: no shell, no name that it could take for an option, a limit on
// its time and on its output.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/base/status.h"
#include "tools/disassemble/listing.h"

namespace cpprof::disassemble {

class Objdump {
 public:
  // `tools_option`: where to look for the program, see symbolize/tool_search.h. It is looked for
  // when it is needed for the first time.
  explicit Objdump(std::string tools_option) : tools_option_(std::move(tools_option)) {}

  // Fails, and says what to install, when there is no objdump.
  Status Find();

  // The instructions from `begin` to before `end`, addresses of the file.
  Result<std::vector<Instruction>> Disassemble(const std::string& file, uint64_t begin,
                                               uint64_t end, bool intel_syntax);

 private:
  struct Program {
    std::string path;
    bool is_llvm = false;
  };

  std::string tools_option_;
  std::optional<Program> program_;
};

// Which objdump a --version text is of: "llvm", "gnu", or "" for none that we can use.
std::string_view KindOfObjdump(std::string_view version_text);

}  // namespace cpprof::disassemble
