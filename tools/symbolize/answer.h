// SPDX-License-Identifier: Apache-2.0
//
// The last step from "what the files say" to "what is shown for this address": the symbol table
// corrects and fills in names, in one of two styles (tool_search.h). One Answerer serves one
// mapping.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "tools/profile/string_table.h"
#include "tools/symbolize/fact_table.h"
#include "tools/symbolize/tool_search.h"

namespace cpprof::symbolize {

class Answerer {
 public:
  // `strings` keeps the texts that are made up here; it must outlive the answers, and so must the
  // tables the facts are from.
  Answerer(AnswerStyle style, profile::StringTable* strings) : style_(style), strings_(strings) {}

  // Completes facts->frames: none at first when there is no debug information, none afterwards when
  // nothing is known. The style of addr2line depends on what was asked before: call it in the order
  // of the profile's locations.
  void Complete(Facts* facts);

 private:
  static void CompleteExactly(Facts* facts);
  void CompleteAsAddr2line(Facts* facts);
  void NameInnermost(const Facts& facts, Frame* frame);
  void RenameKnown(Frame* frame) const;

  AnswerStyle style_;
  profile::StringTable* strings_;
  // addr2line looks a function without linker name up in the symbol table when it is innermost for
  // the first time; if a symbol starts where the function does, it is called so from then on.
  std::unordered_set<uint64_t> looked_up_;
  std::unordered_map<uint64_t, std::string_view> renamed_;
};

}  // namespace cpprof::symbolize
