// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/mapping_base.h"

#include <elf.h>

#include "tools/base/strings.h"

namespace cpprof::elf {
namespace {

constexpr uint64_t kPageSize = 4096;
constexpr uint64_t kUpperHalf = uint64_t{1} << 63;
// Where 64-bit PowerPC kernels live; their mappings carry it as file offset.
constexpr uint64_t kPowerPcKernelOffset = 0xc000000000000000;

bool PageAligned(uint64_t value) { return value % kPageSize == 0; }

uint64_t UserBase(const Segment& segment, const MappingRange& range) {
  return range.start - range.offset + segment.offset - segment.address;
}

// The shapes in which kernel mappings are found; nothing when this is none of them.
std::optional<uint64_t> KernelBase(const Segment& segment, const MappingRange& range) {
  const auto& text = range.kernel_text;
  if (segment.address == range.start - range.offset) return range.offset;
  // Remapped to address 0, for obfuscation.
  if (range.start == 0 && range.limit != 0 && text) return range.start - *text;
  if (range.start >= segment.address && range.limit > range.start &&
      (range.offset == 0 || range.offset == kPowerPcKernelOffset || range.offset == range.start)) {
    // The start is the relocation symbol's address, unless somebody has corrected it before.
    const bool start_is_symbol = text && range.start % kPageSize == *text % kPageSize;
    return range.start - (start_is_symbol ? *text : segment.address);
  }
  // Remapped to 0 plus the symbol's place in its page.
  if (!PageAligned(range.start) && text && *text % kPageSize == range.start % kPageSize) {
    return range.start - *text;
  }
  return std::nullopt;
}

Result<uint64_t> ExecutableBase(const std::optional<Segment>& segment, const MappingRange& range) {
  if (!segment) return uint64_t{0};
  if (!range.kernel_text && range.start > 0 && range.start < kUpperHalf) {
    return UserBase(*segment, range);
  }
  if (const auto base = KernelBase(*segment, range)) return *base;
  // A kernel remapped to 0 whose relocation symbol is not known.
  if (range.start == 0 && range.limit != 0 && !range.kernel_text) {
    return range.start - segment->address;
  }
  return Status::Error(StrFormat(
      "don't know how to handle EXEC segment: vaddr=0x%llx start=0x%llx "
      "limit=0x%llx offset=0x%llx",
      static_cast<unsigned long long>(segment->address),
      static_cast<unsigned long long>(range.start), static_cast<unsigned long long>(range.limit),
      static_cast<unsigned long long>(range.offset)));
}

uint64_t SharedObjectBase(const std::optional<Segment>& segment, const MappingRange& range) {
  if (!segment) return range.start - range.offset;
  if (const auto base = KernelBase(*segment, range)) return *base;
  return UserBase(*segment, range);
}

// The one segment of several that holds `file_offset`.
Result<std::optional<Segment>> SegmentAtOffset(const std::vector<Segment>& segments,
                                               uint64_t file_offset) {
  std::optional<Segment> found;
  for (const Segment& segment : segments) {
    if (file_offset < segment.offset || file_offset - segment.offset >= segment.memory_size) {
      continue;
    }
    if (found) {
      return Status::Error(
          StrFormat("two program headers match file offset %llx; is this a "
                    "stripped binary?",
                    static_cast<unsigned long long>(file_offset)));
    }
    found = segment;
  }
  if (!found) {
    return Status::Error(StrFormat("no program header matches file offset %llx",
                                   static_cast<unsigned long long>(file_offset)));
  }
  return found;
}

// The base of a file that has only what objcopy --only-keep-debug leaves. Its segments have lost
// their place in the program's file, but how much of memory the code takes tells which mapping it
// was. Nothing: the file is no such, or the mapping is of another size.
std::optional<uint64_t> DebugFileBase(const File& file, const MappingRange& range) {
  const std::optional<Segment> text = file.TextSegment();
  if (!text || text->file_size != 0) return std::nullopt;
  const uint64_t begin = text->address - text->address % kPageSize;
  const uint64_t size = text->address + text->memory_size - begin;
  const uint64_t mapped = range.limit - range.start;
  if (mapped < size || mapped - size >= kPageSize) return std::nullopt;
  return range.start - begin;
}

Result<std::optional<Segment>> SegmentForAddress(const File& file, const MappingRange& range,
                                                 uint64_t address) {
  if (range.kernel_text || range.start >= range.limit || range.limit >= kUpperHalf) {
    return file.TextSegment();
  }
  // Kernel modules have no loadable segments.
  if (file.segments().empty()) return std::optional<Segment>();
  const auto candidates =
      SegmentsForMapping(file.segments(), range.offset, range.limit - range.start);
  if (candidates.empty()) return Status::Error("no program header matches mapping info");
  if (candidates.size() == 1) return std::optional<Segment>(candidates.front());
  return SegmentAtOffset(candidates, address - range.start + range.offset);
}

}  // namespace

Result<uint64_t> BaseForSegment(uint16_t elf_type, const std::optional<Segment>& segment,
                                const MappingRange& range) {
  // A made-up mapping over the whole address space: addresses are the file's already.
  if (range.start == 0 && range.offset == 0 && (range.limit == ~uint64_t{0} || range.limit == 0)) {
    return uint64_t{0};
  }
  switch (elf_type) {
    case ET_EXEC:
      return ExecutableBase(segment, range);
    case ET_REL:
      if (range.offset != 0) return Status::Error("don't know how to handle mapping.Offset");
      return range.start;
    case ET_DYN:
      return SharedObjectBase(segment, range);
    default:
      return Status::Error(StrFormat("don't know how to handle ELF type %u", elf_type));
  }
}

std::vector<Segment> SegmentsForMapping(const std::vector<Segment>& segments, uint64_t offset,
                                        uint64_t size) {
  const uint64_t mapping_end = offset + size;
  std::vector<Segment> found;
  for (const Segment& segment : segments) {
    // The file offset of a segment without file contents can be anything.
    if (segment.file_size == 0) continue;
    const uint64_t segment_end = segment.offset + segment.memory_size;
    if (offset >= segment_end || segment.offset >= mapping_end) continue;
    // Mapped from before the segment's first page: the mapping belongs to an earlier one.
    const uint64_t in_page = segment.address % kPageSize;
    const uint64_t first_page = segment.offset > in_page ? segment.offset - in_page : 0;
    if (offset < first_page) continue;
    // Less than a page of the segment's end, and a page or more behind it: a later one.
    if (offset > segment.offset && segment_end < offset + kPageSize &&
        mapping_end >= segment_end + kPageSize) {
      continue;
    }
    found.push_back(segment);
  }
  return found;
}

bool MayBeKernel(const std::string& path, const MappingRange& range) {
  return path.find("vmlinux") != std::string::npos || !PageAligned(range.start) ||
         !PageAligned(range.limit) || !PageAligned(range.offset);
}

Result<uint64_t> BaseForAddress(const File& file, const MappingRange& range, uint64_t address) {
  if (address < range.start || address >= range.limit) {
    return Status::Error(StrFormat("address %llx is outside the mapping [%llx, %llx)",
                                   static_cast<unsigned long long>(address),
                                   static_cast<unsigned long long>(range.start),
                                   static_cast<unsigned long long>(range.limit)));
  }
  if (const auto base = DebugFileBase(file, range)) return *base;
  auto segment = SegmentForAddress(file, range, address);
  if (!segment.ok()) return segment.status();
  return BaseForSegment(file.type(), *segment, range);
}

}  // namespace cpprof::elf
