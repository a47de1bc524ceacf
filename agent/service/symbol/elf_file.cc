// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/elf_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>

namespace pprofagent::service {
namespace {

constexpr uint64_t kMaxTableEntries = 65536;
constexpr size_t kMaxName = size_t{16} * 1024;
constexpr size_t kMaxNameTable = size_t{1} << 20;

std::string Inflate(std::string_view compressed, size_t size) {
  std::string plain(size, '\0');
  uLongf length = size;
  const int result =
      uncompress(reinterpret_cast<Bytef*>(plain.data()), &length,
                 reinterpret_cast<const Bytef*>(compressed.data()), compressed.size());
  if (result != Z_OK || length != size) return std::string();
  return plain;
}

}  // namespace

ElfFile::ElfFile(const std::string& path) : file_(Open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)) {
  Elf64_Ehdr header;
  if (!file_.valid() || !ReadAt(0, &header, sizeof(header))) return;
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return;
  }
  if (header.e_phentsize == sizeof(Elf64_Phdr)) {
    segments_ = ReadTable<Elf64_Phdr>(header.e_phoff, header.e_phnum);
  }
  if (header.e_shentsize == sizeof(Elf64_Shdr)) {
    sections_ = ReadTable<Elf64_Shdr>(header.e_shoff, header.e_shnum);
  }
  if (const Elf64_Shdr* names = SectionAt(header.e_shstrndx)) {
    section_names_ = Contents(*names, kMaxNameTable);
  }
}

bool ElfFile::ReadAt(uint64_t offset, void* to, size_t size) const {
  auto* bytes = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = pread(file_.get(), bytes, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    offset += static_cast<uint64_t>(got);
    size -= static_cast<size_t>(got);
  }
  return true;
}

template <typename T>
std::vector<T> ElfFile::ReadTable(uint64_t offset, uint64_t count) const {
  std::vector<T> table(std::min(count, kMaxTableEntries));
  if (table.empty() || !ReadAt(offset, table.data(), table.size() * sizeof(T))) table.clear();
  return table;
}

std::string ElfFile::BuildId() const {
  const Elf64_Shdr* note = Section(".note.gnu.build-id");
  if (note == nullptr) return std::string();
  const std::string bytes = Read(*note, 0, 256);
  Elf64_Nhdr header;
  if (bytes.size() < sizeof(header)) return std::string();
  memcpy(&header, bytes.data(), sizeof(header));
  const size_t begin = sizeof(header) + ((size_t{header.n_namesz} + 3) & ~size_t{3});
  if (header.n_type != NT_GNU_BUILD_ID || begin > bytes.size() ||
      header.n_descsz > bytes.size() - begin) {
    return std::string();
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id;
  for (const char c : std::string_view(bytes).substr(begin, header.n_descsz)) {
    const auto byte = static_cast<unsigned char>(c);
    id += kHex[byte / 16];
    id += kHex[byte % 16];
  }
  return id;
}

std::optional<uint64_t> ElfFile::AddressOfOffset(uint64_t offset) const {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || offset < segment.p_offset) continue;
    if (offset - segment.p_offset < segment.p_filesz) {
      return offset - segment.p_offset + segment.p_vaddr;
    }
  }
  return std::nullopt;
}

const Elf64_Shdr* ElfFile::SectionAt(uint32_t index) const {
  return index < sections_.size() ? &sections_[index] : nullptr;
}

const Elf64_Shdr* ElfFile::Section(std::string_view name) const {
  for (const Elf64_Shdr& section : sections_) {
    if (section.sh_name >= section_names_.size() || section.sh_type == SHT_NOBITS) continue;
    if (section_names_.c_str() + section.sh_name == name) return &section;
  }
  return nullptr;
}

std::string ElfFile::Read(const Elf64_Shdr& section, uint64_t offset, size_t size) const {
  std::string bytes;
  if (offset >= section.sh_size || section.sh_type == SHT_NOBITS) return bytes;
  bytes.resize(std::min<uint64_t>(size, section.sh_size - offset));
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = pread(file_.get(), bytes.data() + have, bytes.size() - have,
                              static_cast<off_t>(section.sh_offset + offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

std::string ElfFile::Text(const Elf64_Shdr& section, uint64_t offset) const {
  constexpr size_t kUsual = 256;
  std::string text;
  for (size_t chunk = kUsual; text.size() < kMaxName; chunk = kMaxName) {
    const std::string more = Read(section, offset + text.size(), chunk);
    const size_t end = more.find('\0');
    text.append(more, 0, end);
    if (end != std::string::npos || more.size() < chunk) break;
  }
  return text;
}

std::string ElfFile::Contents(const Elf64_Shdr& section, size_t limit) const {
  if (section.sh_size > limit) return std::string();
  std::string bytes = Read(section, 0, section.sh_size);
  if ((section.sh_flags & SHF_COMPRESSED) == 0) return bytes;
  Elf64_Chdr header;
  if (bytes.size() < sizeof(header)) return std::string();
  memcpy(&header, bytes.data(), sizeof(header));
  if (header.ch_type != ELFCOMPRESS_ZLIB || header.ch_size > limit) return std::string();
  return Inflate(std::string_view(bytes).substr(sizeof(header)), header.ch_size);
}

}  // namespace pprofagent::service
