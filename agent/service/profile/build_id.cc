// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/build_id.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "agent/service/base/process.h"

namespace pprofagent::service {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Note = ElfW(Nhdr);

constexpr size_t kMaxNotes = size_t{64} * 1024;
constexpr size_t kMaxBuildId = 64;
constexpr std::string_view kGnu("GNU\0", 4);

size_t RoundUp(size_t size, size_t alignment) { return (size + alignment - 1) & ~(alignment - 1); }

std::string BuildIdIn(std::string_view notes, size_t alignment) {
  while (notes.size() >= sizeof(Note)) {
    Note note;
    memcpy(&note, notes.data(), sizeof(note));
    const size_t name_at = sizeof(note);
    const size_t text_at = RoundUp(name_at + note.n_namesz, alignment);
    const size_t end = text_at + note.n_descsz;
    if (end > notes.size()) break;
    if (note.n_type == NT_GNU_BUILD_ID && notes.substr(name_at, note.n_namesz) == kGnu &&
        note.n_descsz > 0 && note.n_descsz <= kMaxBuildId) {
      return ToHex(notes.substr(text_at, note.n_descsz));
    }
    notes.remove_prefix(std::min(notes.size(), RoundUp(end, alignment)));
  }
  return std::string();
}

bool IsUsable(const Header& header) {
  return memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32) &&
         header.e_phentsize == sizeof(Segment);
}

// In memory, the object's header is at its lowest address: the one that the
// first loaded segment asks for, less what the kernel rounded off.
uint64_t LowestAddress(const std::vector<Segment>& segments) {
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_LOAD) return segment.p_vaddr - segment.p_offset;
  }
  return 0;
}

}  // namespace

std::string ToHex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::string ReadBuildId(const ReadAt& read, ElfImage image) {
  Header header;
  if (!read(0, &header, sizeof(header)) || !IsUsable(header)) return std::string();
  std::vector<Segment> segments(header.e_phnum);
  if (!read(header.e_phoff, segments.data(), segments.size() * sizeof(Segment))) {
    return std::string();
  }
  const uint64_t lowest = LowestAddress(segments);
  for (const Segment& segment : segments) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMaxNotes) continue;
    const uint64_t at =
        image == ElfImage::kMemory ? segment.p_vaddr - lowest : uint64_t{segment.p_offset};
    std::string notes(segment.p_filesz, '\0');
    if (!read(at, notes.data(), notes.size())) continue;
    std::string build_id = BuildIdIn(notes, segment.p_align == 8 ? 8 : 4);
    if (!build_id.empty()) return build_id;
  }
  return std::string();
}

BuildIdReader::BuildIdReader() : memory_(Open(ProcSelf("mem"), O_RDONLY)) {}

std::string BuildIdReader::FromMemory(uint64_t header_address) const {
  if (!memory_.valid() || header_address == 0) return std::string();
  const auto read = [this, header_address](uint64_t offset, void* to, size_t size) {
    const auto at = static_cast<off_t>(header_address + offset);
    return pread(memory_.get(), to, size, at) == static_cast<ssize_t>(size);
  };
  return ReadBuildId(read, ElfImage::kMemory);
}

std::string BuildIdReader::FromFile(const std::string& path, uint64_t device,
                                    uint64_t inode) const {
  const Descriptor file = Open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat entry;
  if (!file.valid() || fstat(file.get(), &entry) != 0) return std::string();
  if (!S_ISREG(entry.st_mode) || entry.st_dev != device || entry.st_ino != inode) {
    return std::string();
  }
  const auto read = [&file](uint64_t offset, void* to, size_t size) {
    return pread(file.get(), to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
  };
  return ReadBuildId(read, ElfImage::kFile);
}

}  // namespace pprofagent::service
