// SPDX-License-Identifier: Apache-2.0
//
// Pieces of a file's debug sections. What is stored plainly is read where it is
// wanted; what is compressed is decompressed once and kept, unless it is larger
// than kMostDecompressed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/service/symbol/debug_entry.h"
#include "agent/service/symbol/elf_file.h"

namespace pprofagent::service {

class DebugSections {
 public:
  explicit DebugSections(const ElfFile& file) : file_(file) {}

  // 0 if there is none.
  uint64_t Size(std::string_view section);
  // Fewer bytes at its end.
  std::string Bytes(std::string_view section, uint64_t offset, uint64_t size);
  // The zero-terminated text there.
  std::string Text(std::string_view section, uint64_t offset);
  // That of an attribute or a field; empty if it is none, or known by an index, which only
  // the entry's unit can tell.
  std::string TextOf(const DebugValue& value);

 private:
  static constexpr size_t kMostDecompressed = size_t{64} << 20;

  // Null: it is not compressed.
  const std::string* Decompressed(std::string_view section, const Elf64_Shdr& header);

  const ElfFile& file_;
  std::map<std::string, std::string, std::less<>> decompressed_;
};

}  // namespace pprofagent::service
