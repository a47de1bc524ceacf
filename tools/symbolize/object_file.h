// SPDX-License-Identifier: Apache-2.0
//
// The file behind one mapping, ready to be asked about addresses of the process: the ELF file, its
// separate debug file if it has one, its symbols, and the way from process addresses to its own.
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
#include "tools/symbolize/frame.h"

namespace cpprof::symbolize {

class ObjectFile {
 public:
  // Fails when the file cannot be read or cannot be what was mapped there. `relocation_symbol` is
  // for kernel images; empty means _stext.
  static Result<std::unique_ptr<ObjectFile>> Open(const std::string& path, elf::MappingRange range,
                                                  std::string_view relocation_symbol);

  const std::string& build_id() const { return file_->build_id(); }
  const elf::File& file() const { return *file_; }
  // Symbols of the file itself.
  const elf::SymbolTable& own_symbols() const { return *own_symbols_; }
  // The best there are: of its debug file when it is stripped.
  const elf::SymbolTable& symbols() const {
    return debug_symbols_ ? *debug_symbols_ : *own_symbols_;
  }

  // What to subtract from process addresses of this mapping; found by one of them.
  Result<uint64_t> BaseFor(uint64_t address) const {
    return elf::BaseForAddress(*file_, range_, address);
  }

  // Frames from debug information for ascending symbol addresses; see DwarfReader::Resolve.
  void ResolveFrames(std::span<const uint64_t> addresses,
                     const std::function<void(size_t, std::span<const Frame>)>& sink) const;

 private:
  ObjectFile() = default;

  std::unique_ptr<elf::File> file_;
  std::unique_ptr<elf::File> debug_file_;  // null: the file itself
  std::unique_ptr<elf::SymbolTable> own_symbols_;
  std::unique_ptr<elf::SymbolTable> debug_symbols_;  // null: none that know more
  elf::MappingRange range_;
};

}  // namespace cpprof::symbolize
