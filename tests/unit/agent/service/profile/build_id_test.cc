// SPDX-License-Identifier: Apache-2.0
#include "agent/service/profile/build_id.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <memory>

#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

// What readelf says, empty if it says nothing.
std::string ReadelfBuildId(const std::string& file) {
  const std::string command = "readelf -n '" + file + "' 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  std::array<char, 4096> chunk;
  while (fgets(chunk.data(), chunk.size(), pipe.get()) != nullptr) output += chunk.data();
  constexpr std::string_view kMark = "Build ID: ";
  const size_t at = output.find(kMark);
  if (at == std::string::npos) return std::string();
  const size_t begin = at + kMark.size();
  return output.substr(begin, output.find('\n', begin) - begin);
}

std::string LibcPath() {
  std::string path;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* context) {
        if (strstr(info->dlpi_name, "/libc.so") == nullptr) return 0;
        *static_cast<std::string*>(context) = info->dlpi_name;
        return 1;
      },
      &path);
  return path;
}

TEST(BuildIdReader, AgreesWithReadelfOnAFile) {
  const std::string libc = LibcPath();
  const std::string expected = ReadelfBuildId(libc);
  ASSERT_NE(expected, "") << libc;
  struct stat entry;
  ASSERT_EQ(stat(libc.c_str(), &entry), 0);
  const BuildIdReader reader;
  EXPECT_EQ(reader.FromFile(libc, entry.st_dev, entry.st_ino), expected);
  EXPECT_EQ(reader.FromFile(libc, entry.st_dev, entry.st_ino + 1), "")
      << "a file replaced since is another file";
  EXPECT_EQ(reader.FromFile("/nowhere", entry.st_dev, entry.st_ino), "");
}

TEST(BuildIdReader, ReadsTheVdsoFromMemory) {
  const uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
  if (vdso == 0) GTEST_SKIP() << "this kernel maps no vdso";
  EXPECT_EQ(BuildIdReader().FromMemory(vdso).size(), 40u);
}

TEST(BuildIdReader, SurvivesAddressesWithoutAnything) {
  const BuildIdReader reader;
  EXPECT_EQ(reader.FromMemory(0), "");
  EXPECT_EQ(reader.FromMemory(4096), "");
  EXPECT_EQ(reader.FromMemory(~uint64_t{0} - 4095), "");
}

// A file image with one PT_LOAD and one PT_NOTE.
class Image {
 public:
  explicit Image(const std::string& notes, uint64_t alignment = 4) {
    header_.e_ident[EI_CLASS] = ELFCLASS64;
    memcpy(header_.e_ident, ELFMAG, SELFMAG);
    header_.e_phoff = sizeof(header_);
    header_.e_phentsize = sizeof(Elf64_Phdr);
    header_.e_phnum = 2;
    segments_[0].p_type = PT_LOAD;
    segments_[0].p_vaddr = 0x400000;
    segments_[1].p_type = PT_NOTE;
    segments_[1].p_offset = sizeof(header_) + sizeof(segments_);
    segments_[1].p_vaddr = 0x400000 + segments_[1].p_offset;
    segments_[1].p_filesz = notes.size();
    segments_[1].p_align = alignment;
    notes_ = notes;
  }

  std::string Read(ElfImage image) const {
    std::string bytes(reinterpret_cast<const char*>(&header_), sizeof(header_));
    bytes.append(reinterpret_cast<const char*>(segments_), sizeof(segments_));
    bytes += notes_;
    const auto read = [&bytes](uint64_t offset, void* to, size_t size) {
      if (offset > bytes.size() || size > bytes.size() - offset) return false;
      memcpy(to, bytes.data() + offset, size);
      return true;
    };
    return ReadBuildId(read, image);
  }

  Elf64_Ehdr header_ = {};
  Elf64_Phdr segments_[2] = {};
  std::string notes_;
};

std::string Note(uint32_t type, const std::string& name, const std::string& text,
                 size_t alignment = 4) {
  const uint32_t words[] = {static_cast<uint32_t>(name.size()), static_cast<uint32_t>(text.size()),
                            type};
  std::string note(reinterpret_cast<const char*>(words), sizeof(words));
  note += name;
  while (note.size() % alignment != 0) note += '\0';
  note += text;
  while (note.size() % alignment != 0) note += '\0';
  return note;
}

const std::string kGnu("GNU\0", 4);

TEST(ReadBuildId, FindsTheNoteAmongOthers) {
  const Image image(Note(1, kGnu, "abcd") + Note(3, "Go", "no") + Note(3, kGnu, "\x01\xab\xff"));
  EXPECT_EQ(image.Read(ElfImage::kFile), "01abff");
  EXPECT_EQ(image.Read(ElfImage::kMemory), "01abff");
}

TEST(ReadBuildId, KnowsNotesAlignedToEight) {
  const Image image(Note(5, kGnu, "12345", 8) + Note(3, kGnu, "\x01\x02", 8), 8);
  EXPECT_EQ(image.Read(ElfImage::kFile), "0102");
}

TEST(ReadBuildId, ToleratesNonsense) {
  EXPECT_EQ(Image("").Read(ElfImage::kFile), "");
  EXPECT_EQ(Image(std::string(11, '\xff')).Read(ElfImage::kFile), "");
  EXPECT_EQ(Image(std::string(64, '\xff')).Read(ElfImage::kFile), "");
  EXPECT_EQ(Image(Note(3, kGnu, std::string(65, 'x'))).Read(ElfImage::kFile), "");
  EXPECT_EQ(Image(Note(3, kGnu, "")).Read(ElfImage::kFile), "");
  std::string cut = Note(3, kGnu, "abcdefgh");
  cut.resize(cut.size() - 4);
  EXPECT_EQ(Image(cut).Read(ElfImage::kFile), "");

  Image bad_magic(Note(3, kGnu, "id"));
  bad_magic.header_.e_ident[0] = 'X';
  EXPECT_EQ(bad_magic.Read(ElfImage::kFile), "");
  Image many_segments(Note(3, kGnu, "id"));
  many_segments.header_.e_phnum = 0xffff;
  EXPECT_EQ(many_segments.Read(ElfImage::kFile), "");
  Image far_notes(Note(3, kGnu, "id"));
  far_notes.segments_[1].p_offset = ~uint64_t{0};
  EXPECT_EQ(far_notes.Read(ElfImage::kFile), "");
  Image huge_notes(Note(3, kGnu, "id"));
  huge_notes.segments_[1].p_filesz = ~uint64_t{0};
  EXPECT_EQ(huge_notes.Read(ElfImage::kFile), "");
}

}  // namespace
}  // namespace pprofagent::service
