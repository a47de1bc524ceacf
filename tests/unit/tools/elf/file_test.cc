// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/file.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tools/elf/elf_fixture.h"
#include "tools/elf/debug_file.h"
#include "tools/elf/symbols.h"

namespace cpprof::elf {
namespace {

using FileTest = ElfFixture;

TEST_F(FileTest, ReadsTheTestItself) {
  auto file = File::Open(Self());
  ASSERT_TRUE(file.ok()) << file.message();
  EXPECT_TRUE((*file)->type() == ET_DYN || (*file)->type() == ET_EXEC);
  EXPECT_FALSE((*file)->segments().empty());
  EXPECT_NE((*file)->FindSection(".text"), nullptr);
  EXPECT_EQ((*file)->FindSection(".no_such_section"), nullptr);
  ASSERT_TRUE((*file)->TextSegment().has_value());
  EXPECT_TRUE((*file)->TextSegment()->executable);
}

TEST_F(FileTest, ErrorsNameTheFileAndTheReason) {
  EXPECT_EQ(File::Open("/no/such/file").message(), "stat /no/such/file: no such file or directory");
  const std::string text = Write("text", "just text");
  EXPECT_EQ(File::Open(text).message(), "unrecognized binary format: " + text);
  const std::string empty = Write("empty", "");
  EXPECT_EQ(File::Open(empty).message(), "error reading magic number from " + empty + ": EOF");
  EXPECT_FALSE(File::Open(directory_.string()).ok());
  const std::string magic = Write("magic",
                                  "\x7f"
                                  "ELF");
  EXPECT_FALSE(File::Open(magic).ok());
}

TEST_F(FileTest, DamagedFilesNeverCrash) {
  const std::string whole = Read(Self());
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    std::string bytes = whole.substr(0, round % 3 == 0 ? random() % whole.size() : whole.size());
    // The headers and the tables at the end are where structure is.
    for (int i = 0; i < 40 && !bytes.empty(); ++i) {
      const size_t window = std::min<size_t>(bytes.size(), 4096);
      const size_t at = random() % window;
      bytes[random() % 2 ? at : bytes.size() - 1 - at] = static_cast<char>(random());
    }
    auto file = File::Open(Write("damaged", bytes));
    if (!file.ok()) continue;
    SymbolTable symbols(**file);
    symbols.Nearest(0x1234);
    symbols.NearestFunction(0x1234);
    HasDebugInfo(**file);
    (*file)->debug_link();
    (*file)->TextSegment();
  }
}

}  // namespace
}  // namespace cpprof::elf
