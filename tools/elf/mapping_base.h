// SPDX-License-Identifier: Apache-2.0
//
// From the address a process used to the address the file's symbols use. They differ by a constant
// for each mapping, the base:
//
//     symbol address = run-time address - base
//
// A mapping only says which bytes of the file (offset) lay where (start, limit); which program
// header put them there has to be found, because its file offset and its virtual address need not
// be congruent (prelinked libraries, linkers that pack segments), and one mapping may cover parts
// of two segments that share a page. Kernel images are special: tools record the address of _stext
// or _text as the start, and some remap the image to address 0.
//
// The rules are the reference's, because a wrong base gives plausible wrong names. Arithmetic is
// modulo 2^64 throughout; a base may be "negative".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/base/status.h"
#include "tools/elf/file.h"

namespace cpprof::elf {

struct MappingRange {
  uint64_t start = 0;
  uint64_t limit = 0;
  uint64_t offset = 0;
  // Address of the symbol the kernel was relocated by; only for kernel images.
  std::optional<uint64_t> kernel_text;
};

// The base for a mapping whose bytes come from `segment` (nothing: the file has no such segment).
Result<uint64_t> BaseForSegment(uint16_t elf_type, const std::optional<Segment>& segment,
                                const MappingRange& range);

// The segments that a mapping of `size` bytes from file offset `offset` can come from.
std::vector<Segment> SegmentsForMapping(const std::vector<Segment>& segments, uint64_t offset,
                                        uint64_t size);

// Whether reading the symbol table for a kernel's relocation symbol is worth its price.
bool MayBeKernel(const std::string& path, const MappingRange& range);

// The base of the mapping that holds `address`.
Result<uint64_t> BaseForAddress(const File& file, const MappingRange& range, uint64_t address);

}  // namespace cpprof::elf
