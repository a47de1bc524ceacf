// SPDX-License-Identifier: Apache-2.0
//
// The file behind one mapping as code: where its symbols begin and end, and which functions,
// inlined ones too, an instruction belongs to. Addresses go in as the process had them (the base of
// the mapping is found by the first one) or as the file has them; each function says which.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"
#include "tools/elf/file.h"
#include "tools/elf/symbol_list.h"
#include "tools/profile/profile.h"
#include "tools/symbolize/answer.h"
#include "tools/symbolize/fact_table.h"
#include "tools/symbolize/object_file.h"
#include "tools/symbolize/tool_search.h"

namespace cpprof::disassemble {

// The symbols that begin at one address, and what lies up to the next such address.
struct SymbolGroup {
  uint64_t start = 0;
  uint64_t end = 0;  // the last address of the group
  std::span<const elf::ListedSymbol> symbols;
};

class CodeObject {
 public:
  static Result<std::unique_ptr<CodeObject>> Open(const profile::Profile& profile,
                                                  profile::MappingIndex mapping);

  const std::string& path() const { return object_->file().path(); }

  // From an address of the process to one of the file; the first one must lie in the mapping.
  Result<uint64_t> FileAddress(uint64_t address);

  // In the order of their addresses. Those of a stripped file are its debug file's, or what it
  // exports.
  const std::vector<SymbolGroup>& Symbols();

  // The frames of ascending file addresses, innermost first, named by linker names. Their texts are
  // kept in `strings`.
  std::vector<std::vector<symbolize::Frame>> Frames(std::span<const uint64_t> addresses,
                                                    symbolize::AnswerStyle style,
                                                    profile::StringTable* strings);

 private:
  CodeObject() = default;

  std::unique_ptr<symbolize::ObjectFile> object_;
  std::optional<uint64_t> base_;
  std::unique_ptr<elf::File> debug_file_;
  std::vector<elf::ListedSymbol> symbols_;
  std::vector<SymbolGroup> groups_;
  symbolize::FactTable facts_;
  // addr2line's answers depend on what it was asked before, so it must live as long as this.
  std::unique_ptr<symbolize::Answerer> answerer_;
};

}  // namespace cpprof::disassemble
