// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/file.h"

#include <elf.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tools/base/errno_text.h"
#include "tools/base/strings.h"

namespace cpprof::elf {
namespace {

std::string LibelfError() {
  const char* text = elf_errmsg(-1);
  return text == nullptr ? "unknown libelf error" : text;
}

// The four bytes every format starts with; names the format when it is one we know but do not read.
Status CheckMagic(int descriptor, const std::string& path) {
  unsigned char magic[4] = {};
  const ssize_t size = pread(descriptor, magic, sizeof(magic), 0);
  if (size < 0) {
    return Status::Error("error reading magic number from " + path + ": " + ErrnoText(errno));
  }
  if (size < 4) {
    return Status::Error("error reading magic number from " + path +
                         (size == 0 ? ": EOF" : ": unexpected EOF"));
  }
  if (memcmp(magic, ELFMAG, SELFMAG) != 0) {
    return Status::Error("unrecognized binary format: " + path);
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<File>> File::Open(const std::string& path) {
  if (elf_version(EV_CURRENT) == EV_NONE)
    return Status::Error("libelf is too old for this program");
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return Status::Error("stat " + path + ": " + ErrnoText(errno));
  }
  if (S_ISDIR(info.st_mode)) {
    return Status::Error("error reading magic number from " + path + ": is a directory");
  }
  if (!S_ISREG(info.st_mode)) return Status::Error("not a regular file: " + path);
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return Status::Error("error opening " + path + ": " + ErrnoText(errno));
  }
  if (Status status = CheckMagic(descriptor, path); !status.ok()) {
    close(descriptor);
    return status;
  }
  Elf* elf = elf_begin(descriptor, ELF_C_READ_MMAP_PRIVATE, nullptr);
  if (elf == nullptr) {
    const std::string reason = LibelfError();
    close(descriptor);
    return Status::Error("error reading ELF file " + path + ": " + reason);
  }
  std::unique_ptr<File> file(new File(path, descriptor, elf));
  file->version_ = StrFormat("%lld %lld.%09ld", static_cast<long long>(info.st_size),
                             static_cast<long long>(info.st_mtim.tv_sec), info.st_mtim.tv_nsec);
  return Finish(std::move(file));
}

Result<std::unique_ptr<File>> File::FromBytes(std::string bytes, std::string name) {
  if (elf_version(EV_CURRENT) == EV_NONE)
    return Status::Error("libelf is too old for this program");
  std::unique_ptr<File> file(new File(std::move(name), -1, nullptr));
  file->bytes_ = std::move(bytes);
  file->elf_ = elf_memory(file->bytes_.data(), file->bytes_.size());
  return Finish(std::move(file));
}

Result<std::unique_ptr<File>> File::Finish(std::unique_ptr<File> file) {
  if (Status status = file->ReadHeaders(); !status.ok()) {
    return Status::Error("error reading ELF file " + file->path() + ": " + status.message());
  }
  file->ReadBuildId();
  return file;
}

File::~File() {
  elf_end(elf_);
  if (descriptor_ >= 0) close(descriptor_);
}

Status File::ReadHeaders() {
  if (elf_kind(elf_) != ELF_K_ELF) return Status::Error("not an ELF object");
  GElf_Ehdr header;
  if (gelf_getehdr(elf_, &header) == nullptr) return Status::Error(LibelfError());
  type_ = header.e_type;
  size_t count = 0;
  if (elf_getphdrnum(elf_, &count) != 0) return Status::Error(LibelfError());
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf_, static_cast<int>(i), &segment) == nullptr) {
      return Status::Error(StrFormat("program header %zu: ", i) + LibelfError());
    }
    if (segment.p_type != PT_LOAD) continue;
    segments_.push_back({segment.p_offset, segment.p_vaddr, segment.p_filesz, segment.p_memsz,
                         (segment.p_flags & PF_X) != 0});
  }
  return Status::Ok();
}

void File::ReadBuildId() {
  const void* bytes = nullptr;
  const ssize_t size = dwelf_elf_gnu_build_id(elf_, &bytes);
  for (ssize_t i = 0; i < size; ++i) {
    AppendFormat(&build_id_, "%02x", static_cast<const unsigned char*>(bytes)[i]);
  }
}

Elf_Scn* File::FindSection(std::string_view name) const {
  size_t names = 0;
  if (elf_getshdrstrndx(elf_, &names) != 0) return nullptr;
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf_, section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* found = elf_strptr(elf_, names, header.sh_name);
    if (found != nullptr && name == found) return section;
  }
  return nullptr;
}

std::optional<Segment> File::TextSegment() const {
  Elf_Scn* section = FindSection(".text");
  GElf_Shdr header;
  if (section == nullptr || gelf_getshdr(section, &header) == nullptr) return std::nullopt;
  for (const Segment& segment : segments_) {
    if (segment.executable && header.sh_addr >= segment.address &&
        header.sh_addr - segment.address < segment.memory_size) {
      return segment;
    }
  }
  return std::nullopt;
}

std::optional<File::DebugLink> File::debug_link() const {
  GElf_Word crc = 0;
  const char* name = dwelf_elf_gnu_debuglink(elf_, &crc);
  if (name == nullptr || *name == '\0') return std::nullopt;
  return DebugLink{name, crc};
}

}  // namespace cpprof::elf
