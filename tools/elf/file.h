// SPDX-License-Identifier: Apache-2.0
//
// One ELF file, opened for reading: what kind it is, its program headers, its build id, and the
// libelf handle that symbol tables and DWARF are read through. Everything here comes from a file we
// know nothing about; whatever libelf cannot make sense of is an error with the file's name, never
// a crash and never a half-filled object.
#pragma once

#include <libelf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/base/status.h"

namespace cpprof::elf {

// A program header of type PT_LOAD.
struct Segment {
  uint64_t offset = 0;
  uint64_t address = 0;
  uint64_t file_size = 0;
  uint64_t memory_size = 0;
  bool executable = false;
};

class File {
 public:
  // Fails on whatever is not an ELF object: a missing file, a directory, text, a Mach-O or PE
  // program, a damaged header.
  static Result<std::unique_ptr<File>> Open(const std::string& path);
  // The same for a file in memory; `name` is what path() says.
  static Result<std::unique_ptr<File>> FromBytes(std::string bytes, std::string name);

  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& path() const { return path_; }
  // Size and time of last change, as text that only serves to be compared.
  const std::string& version() const { return version_; }
  // ET_EXEC, ET_DYN, ET_REL, ...
  uint16_t type() const { return type_; }
  // In the order of the file.
  const std::vector<Segment>& segments() const { return segments_; }
  // The GNU build id in lower-case hexadecimal; empty when there is none.
  const std::string& build_id() const { return build_id_; }
  // The executable segment that holds the section .text.
  std::optional<Segment> TextSegment() const;
  // The first section of this name.
  Elf_Scn* FindSection(std::string_view name) const;
  // The name in .gnu_debuglink and the CRC32 the file it names must have.
  struct DebugLink {
    std::string name;
    uint32_t crc = 0;
  };
  std::optional<DebugLink> debug_link() const;

  Elf* handle() const { return elf_; }

 private:
  File(std::string path, int descriptor, Elf* elf)
      : path_(std::move(path)), descriptor_(descriptor), elf_(elf) {}
  // What there is to do once libelf has it.
  static Result<std::unique_ptr<File>> Finish(std::unique_ptr<File> file);
  Status ReadHeaders();
  void ReadBuildId();

  std::string path_;
  std::string version_;
  std::string bytes_;  // of a file in memory
  int descriptor_;     // -1: a file in memory
  Elf* elf_;
  uint16_t type_ = 0;
  std::vector<Segment> segments_;
  std::string build_id_;
};

}  // namespace cpprof::elf
