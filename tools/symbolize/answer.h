// SPDX-License-Identifier: Apache-2.0
//
// The last step from "what the debug information says" to "what is shown for this address": the
// symbol table corrects and fills in names, in one of two styles (tool_search.h). One Answerer
// serves one mapping.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tools/elf/symbols.h"
#include "tools/profile/string_table.h"
#include "tools/symbolize/frame.h"
#include "tools/symbolize/tool_search.h"

namespace cpprof::symbolize {

class Answerer {
 public:
  // `symbols` are the best there are, `own` those of the mapped file itself. `strings` keeps the
  // texts that are made up here; all must outlive the answers.
  Answerer(AnswerStyle style, const elf::SymbolTable& symbols, const elf::SymbolTable& own,
           profile::StringTable* strings)
      : style_(style), symbols_(symbols), own_(own), strings_(strings) {}

  // Completes the frames of a symbol address; none at first when there is no debug information,
  // none afterwards when nothing is known. The style of addr2line depends on what was asked before:
  // call it in the order of the profile's locations.
  void Complete(uint64_t address, std::vector<Frame>* frames);

 private:
  void CompleteExactly(uint64_t address, std::vector<Frame>* frames);
  void CompleteAsAddr2line(uint64_t address, std::vector<Frame>* frames);
  void NameInnermost(uint64_t address, Frame* frame);
  void RenameKnown(Frame* frame) const;

  AnswerStyle style_;
  const elf::SymbolTable& symbols_;
  const elf::SymbolTable& own_;
  profile::StringTable* strings_;
  // addr2line looks a function without linker name up in the symbol table when it is innermost for
  // the first time; if a symbol starts where the function does, it is called so from then on.
  std::unordered_set<uint64_t> looked_up_;
  std::unordered_map<uint64_t, std::string_view> renamed_;
};

}  // namespace cpprof::symbolize
