// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/elf_image.h"

#include <elf.h>

#include <cstddef>

#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/unwind/byte_reader.h"

namespace pprofagent::hot {

namespace {

constexpr uint64_t kPage = 4096;

// The program headers of an image, all in its first page.
class Image {
 public:
  explicit Image(const uint8_t* begin) : begin_(begin) {
    memcpy(&header_, begin, sizeof(header_));
    if (memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0 || header_.e_ident[EI_CLASS] != ELFCLASS64 ||
        header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phoff > kPage ||
        header_.e_phnum > (kPage - header_.e_phoff) / sizeof(Elf64_Phdr)) {
      return;
    }
    count_ = header_.e_phnum;
    for (int i = 0; i < count_; ++i) {
      const Elf64_Phdr segment = Segment(i);
      if (segment.p_type != PT_LOAD) continue;
      bias_ = reinterpret_cast<uintptr_t>(begin) - (segment.p_vaddr & ~(kPage - 1));
      return;
    }
    count_ = 0;
  }

  int count() const { return count_; }
  uint64_t section_headers() const { return count_ == 0 ? 0 : header_.e_shoff; }

  Elf64_Phdr Segment(int i) const {
    Elf64_Phdr segment;
    memcpy(&segment, begin_ + header_.e_phoff + static_cast<uint64_t>(i) * sizeof(segment),
           sizeof(segment));
    return segment;
  }

  const uint8_t* AddressOf(const Elf64_Phdr& segment) const {
    return reinterpret_cast<const uint8_t*>(bias_ + segment.p_vaddr);
  }

 private:
  const uint8_t* const begin_;
  Elf64_Ehdr header_;
  int count_ = 0;
  uintptr_t bias_ = 0;
};

uint64_t Aligned(uint64_t size, uint64_t alignment) {
  return (size + alignment - 1) & ~(alignment - 1);
}

// The build ID among the notes [begin, end) of the image at `image`.
BuildIdPlace BuildIdAmong(const uint8_t* image, const uint8_t* begin, const uint8_t* end,
                          uint64_t alignment) {
  ByteReader in(begin, end);
  while (in.ok() && !in.empty()) {
    const auto name_size = in.Read<uint32_t>();
    const auto size = in.Read<uint32_t>();
    const auto type = in.Read<uint32_t>();
    const uint8_t* name = in.Take(Aligned(name_size, alignment));
    const uint8_t* id = in.Take(size);
    if (!in.ok()) return {};
    if (type == NT_GNU_BUILD_ID && name_size == 4 && memcmp(name, "GNU", 4) == 0) {
      if (size < sizeof(uint64_t) || size > kMaxBuildIdBytes) return {};
      return {static_cast<uint16_t>(id - image), static_cast<uint16_t>(size)};
    }
    in.Take(Aligned(size, alignment) - size);
  }
  return {};
}

// Where the header says that .eh_frame is; null if it does not.
const uint8_t* EhFrameOf(const uint8_t* eh_frame_hdr) {
  constexpr uint8_t kPcRelative32 = 0x1b;
  if (eh_frame_hdr[1] != kPcRelative32) return nullptr;
  int32_t offset;
  memcpy(&offset, eh_frame_hdr + 4, sizeof(offset));
  return eh_frame_hdr + 4 + offset;
}

uint64_t SectionHeadersOf(const uint8_t* first_page, ptrdiff_t size) {
  return static_cast<uint64_t>(size) < kPage ? 0 : Image(first_page).section_headers();
}

// `load(at, &word)` is false if there is nothing to read, and then so is this.
template <typename Load>
bool MixWeakIdentity(uint64_t sections, const uint8_t* end, const uint8_t* eh_frame_hdr,
                     const Load& load, uint64_t* identity) {
  constexpr uint64_t kFixedPart = 12;  // encodings, .eh_frame, number of functions
  constexpr uint64_t kRow = 8;
  *identity = sections;
  if (eh_frame_hdr == nullptr) return true;
  if (static_cast<uint64_t>(end - eh_frame_hdr) < kFixedPart + kRow) return true;
  uint64_t tables;
  if (!load(eh_frame_hdr + 4, &tables)) return false;
  const uint64_t rows = tables >> 32;
  const uint8_t* table = eh_frame_hdr + kFixedPart;
  uint64_t first;
  if (!load(table, &first)) return false;
  uint64_t last = first;
  if (rows != 0 && rows <= static_cast<uint64_t>(end - table) / kRow &&
      !load(table + (rows - 1) * kRow, &last)) {
    return false;
  }
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15u;
  *identity = (((sections * kSpread) ^ tables) * kSpread ^ first) * kSpread ^ (last * kSpread);
  return true;
}

}  // namespace

BuildIdPlace FindBuildId(const uint8_t* begin, const uint8_t* end) {
  if (static_cast<uint64_t>(end - begin) < kPage) return {};
  const Image image(begin);
  for (int i = 0; i < image.count(); ++i) {
    const Elf64_Phdr segment = image.Segment(i);
    if (segment.p_type != PT_NOTE) continue;
    const auto offset = static_cast<uint64_t>(image.AddressOf(segment) - begin);
    if (offset >= kPage || segment.p_memsz > kPage - offset) continue;
    const uint8_t* notes = begin + offset;
    const BuildIdPlace found =
        BuildIdAmong(begin, notes, notes + segment.p_memsz, segment.p_align == 8 ? 8 : 4);
    if (found.size != 0) return found;
  }
  return {};
}

uint32_t FindCodeSegments(const uint8_t* begin, const uint8_t* end,
                          CodeSegment (&code)[kMaxCodeSegments]) {
  if (static_cast<uint64_t>(end - begin) < kPage) return 0;
  const Image image(begin);
  uint32_t count = 0;
  for (int i = 0; i < image.count() && count < kMaxCodeSegments; ++i) {
    const Elf64_Phdr segment = image.Segment(i);
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    // Counted from the image's begin: a copy of it need not lie on a page.
    const auto at = static_cast<uint64_t>(image.AddressOf(segment) - begin);
    const auto base = reinterpret_cast<uintptr_t>(begin);
    code[count++] =
        CodeSegment{base + (at & ~(kPage - 1)), base + Aligned(at + segment.p_filesz, kPage),
                    segment.p_offset & ~(kPage - 1)};
  }
  return count;
}

uint64_t WeakIdentity(const uint8_t* begin, const uint8_t* end, const uint8_t* eh_frame_hdr) {
  const auto load = [](const uint8_t* at, uint64_t* word) {
    memcpy(word, at, sizeof(*word));
    return true;
  };
  uint64_t identity = 0;
  MixWeakIdentity(SectionHeadersOf(begin, end - begin), end, eh_frame_hdr, load, &identity);
  return identity;
}

bool CopyWeakIdentity(const uint8_t* first_page, const uint8_t* begin, const uint8_t* end,
                      const uint8_t* eh_frame_hdr, uint64_t* identity) {
  const auto load = [](const uint8_t* at, uint64_t* word) {
    return CopyObject(reinterpret_cast<uintptr_t>(at), word);
  };
  return MixWeakIdentity(SectionHeadersOf(first_page, end - begin), end, eh_frame_hdr, load,
                         identity);
}

CfiModule ReadableTables(const uint8_t* begin, const uint8_t* end, const uint8_t* eh_frame_hdr) {
  if (eh_frame_hdr == nullptr) return CfiModule{begin, end, nullptr};
  const Image image(begin);
  const uint8_t* eh_frame = EhFrameOf(eh_frame_hdr);
  for (int i = 0; i < image.count(); ++i) {
    const Elf64_Phdr segment = image.Segment(i);
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_R) == 0) continue;
    const uint8_t* low = image.AddressOf(segment);
    const uint8_t* high = low + segment.p_memsz;
    const bool has_both = eh_frame_hdr >= low && eh_frame_hdr < high &&
                          (eh_frame == nullptr || (eh_frame >= low && eh_frame < high));
    if (has_both && low >= begin && high <= end) return CfiModule{low, high, eh_frame_hdr};
  }
  return CfiModule{begin, end, eh_frame_hdr};
}

bool DescribeImage(const uint8_t* begin, const uint8_t** end, const uint8_t** eh_frame_hdr) {
  const Image image(begin);
  *end = *eh_frame_hdr = nullptr;
  for (int i = 0; i < image.count(); ++i) {
    const Elf64_Phdr segment = image.Segment(i);
    const uint8_t* at = image.AddressOf(segment);
    if (segment.p_type == PT_LOAD) *end = at + segment.p_memsz;
    if (segment.p_type == PT_GNU_EH_FRAME) *eh_frame_hdr = at;
  }
  return *end != nullptr && *eh_frame_hdr != nullptr;
}

}  // namespace pprofagent::hot
