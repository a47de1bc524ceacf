// SPDX-License-Identifier: Apache-2.0
//
// The file behind one mapping, ready to be asked about addresses of the process: the ELF file, its
// separate debug file if it has one, its symbols, and the way from process addresses to its own.
// Symbols are read when they are first asked for: who has all answers in the cache does not ask.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tools/base/status.h"
#include "tools/elf/file.h"
#include "tools/elf/mapping_base.h"
#include "tools/elf/symbols.h"
#include "tools/symbolize/debuginfod.h"
#include "tools/symbolize/fact_table.h"
#include "tools/symbolize/frame.h"

namespace cpprof::symbolize {

class ObjectFile {
 public:
  // Fails when the file cannot be read or cannot be what was mapped there. `relocation_symbol` is
  // for kernel images; empty means _stext. `servers`, if not null, are asked for the debug file
  // when this machine has none.
  static Result<std::unique_ptr<ObjectFile>> Open(const std::string& path, elf::MappingRange range,
                                                  std::string_view relocation_symbol,
                                                  DebugInfoServers* servers = nullptr);

  const std::string& build_id() const { return file_->build_id(); }
  const elf::File& file() const { return *file_; }
  // Whether there are files and lines to be known.
  bool has_debug_info() const;
  // Text that is another whenever the files that answers come from are others.
  std::string Identity() const;
  // Symbols of the file itself.
  const elf::SymbolTable& own_symbols() const;
  // The best there are: of its debug file, or of its MiniDebugInfo, when it is stripped.
  const elf::SymbolTable& symbols() const;

  // What to subtract from process addresses of this mapping; found by one of them.
  Result<uint64_t> BaseFor(uint64_t address) const {
    return elf::BaseForAddress(*file_, range_, address);
  }

  // Adds to *facts what it does not have of these ascending symbol addresses. False when some of
  // the debug information lies in files that are not there.
  bool Learn(std::span<const uint64_t> addresses, DebugInfoServers* servers,
             FactTable* facts) const;

 private:
  ObjectFile() = default;
  // Frames from debug information; see DwarfReader::Resolve.
  bool ResolveFrames(std::span<const uint64_t> addresses, DebugInfoServers* servers,
                     const std::function<void(size_t, std::span<const Frame>)>& sink) const;

  std::unique_ptr<elf::File> file_;
  std::unique_ptr<elf::File> debug_file_;  // null: the file itself
  elf::MappingRange range_;
  // Made when asked for.
  mutable std::unique_ptr<elf::SymbolTable> own_symbols_;
  mutable std::unique_ptr<elf::SymbolTable> better_symbols_;  // null: none that know more
  mutable std::unique_ptr<elf::File> mini_file_;
  mutable bool looked_for_better_ = false;
};

}  // namespace cpprof::symbolize
