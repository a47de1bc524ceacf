// SPDX-License-Identifier: Apache-2.0
//
// An ELF file on disk, read piece by piece: it may be far larger than what the
// agent may take of the program's memory, and it must not be mapped, because a
// file cut short would then kill the program (SIGBUS). Everything in it is
// checked; a file that is no ELF file of this machine has no sections.
#pragma once

#include <elf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/service/base/descriptor.h"

namespace pprofagent::service {

class ElfFile {
 public:
  explicit ElfFile(const std::string& path);

  bool valid() const { return !sections_.empty() || !segments_.empty(); }
  // Lower-case hexadecimal, empty if the file has none.
  std::string BuildId() const;
  // The link-time address of a byte of the file; nothing if no segment has it.
  std::optional<uint64_t> AddressOfOffset(uint64_t offset) const;

  const std::vector<Elf64_Phdr>& segments() const { return segments_; }

  // Null if there is none.
  const Elf64_Shdr* Section(std::string_view name) const;
  const Elf64_Shdr* SectionAt(uint32_t index) const;
  // Bytes of a section's stored contents; fewer than asked for at its end.
  std::string Read(const Elf64_Shdr& section, uint64_t offset, size_t size) const;
  // The zero-terminated text at an offset of a section.
  std::string Text(const Elf64_Shdr& section, uint64_t offset) const;
  // The whole contents, decompressed; empty if larger than `limit`.
  std::string Contents(const Elf64_Shdr& section, size_t limit) const;

 private:
  bool ReadAt(uint64_t offset, void* to, size_t size) const;
  template <typename T>
  std::vector<T> ReadTable(uint64_t offset, uint64_t count) const;

  Descriptor file_;
  std::vector<Elf64_Shdr> sections_;
  std::vector<Elf64_Phdr> segments_;
  std::string section_names_;
};

}  // namespace pprofagent::service
