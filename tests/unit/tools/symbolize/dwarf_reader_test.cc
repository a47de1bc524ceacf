// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/dwarf_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/tools/elf/elf_fixture.h"
#include "tools/elf/symbols.h"

namespace cpprof::symbolize {
namespace {

constexpr char kSource[] =
    "static inline __attribute__((always_inline)) int inner(int x) {\n"
    "  return x * x + 7;\n"
    "}\n"
    "__attribute__((noinline)) int outer(volatile int *x) {\n"
    "  return inner(*x);\n"
    "}\n"
    "int main(void) {\n"
    "  volatile int x = 3;\n"
    "  return outer(&x);\n"
    "}\n";

class DwarfReaderTest : public ElfFixture {
 protected:
  void SetUp() override {
    ElfFixture::SetUp();
    std::filesystem::create_directory(Path("sub"));
    Write("sub/p.c", kSource);
  }
  // Compiled by its name relative to the directory.
  void Compile(const std::string& flags) {
    Run("cd " + std::string(directory_) + " && gcc -O1 -g " + flags + " -o p sub/p.c");
    auto file = elf::File::Open(Path("p"));
    ASSERT_TRUE(file.ok()) << file.message();
    file_ = std::move(*file);
  }
  // "name file:line" of all frames at all addresses of a function, each once.
  std::string FramesOf(std::string_view function) {
    const elf::SymbolTable symbols(*file_);
    const elf::Symbol* symbol = symbols.Find(function);
    if (symbol == nullptr) return "no such symbol";
    std::vector<uint64_t> addresses;
    for (uint64_t i = 0; i < symbol->size; ++i) addresses.push_back(symbol->address + i);
    std::vector<std::string> seen;
    DwarfReader(*file_).Resolve(addresses, [&](size_t, std::span<const Frame> frames) {
      std::string text;
      for (const Frame& frame : frames) {
        text += std::string(frame.function) + " " + std::string(frame.file) + ":" +
                std::to_string(frame.line) + "@" + std::to_string(frame.start_line) + "\n";
      }
      if (std::find(seen.begin(), seen.end(), text) == seen.end()) seen.push_back(text);
    });
    std::string all;
    for (const std::string& text : seen) all += text + "\n";
    return all;
  }

  std::unique_ptr<elf::File> file_;
};

TEST_F(DwarfReaderTest, EveryVersionAndPacking) {
  for (const char* flags :
       {"-gdwarf-3", "-gdwarf-4", "-gdwarf-5", "-gdwarf-4 -fdebug-types-section", "-gz",
        "-gdwarf-5 -gsplit-dwarf", "-gdwarf-4 -gsplit-dwarf"}) {
    Compile(flags);
    const std::string frames = FramesOf("outer");
    const std::string source = Path("sub/p.c");
    EXPECT_NE(frames.find("inner " + source + ":2@1\nouter " + source + ":5@4\n"),
              std::string::npos)
        << flags << "\n"
        << frames;
    EXPECT_NE(frames.find("\nouter " + source + ":6@4\n"), std::string::npos) << flags << "\n"
                                                                              << frames;
  }
}

TEST_F(DwarfReaderTest, NothingToSay) {
  Compile("-g0");
  EXPECT_EQ(FramesOf("outer"), "");
}

TEST_F(DwarfReaderTest, DamagedDebugInformationNeverCrashes) {
  Compile("-gdwarf-5");
  const std::string whole = Read(Path("p"));
  const size_t begin = whole.find("sub/p.c") == std::string::npos ? 0 : whole.size() / 3;
  std::mt19937 random(13);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 30; ++i) {
      bytes[begin + random() % (bytes.size() - begin)] =
          static_cast<char>(random() % 3 == 0 ? 0xff : random());
    }
    auto file = elf::File::Open(Write("damaged", bytes));
    if (!file.ok()) continue;
    std::vector<uint64_t> addresses;
    for (uint64_t address = 0x1000; address < 0x1400; address += 8) addresses.push_back(address);
    size_t frame_count = 0;
    DwarfReader(**file).Resolve(addresses, [&](size_t, std::span<const Frame> frames) {
      for (const Frame& frame : frames) frame_count += frame.function.size() + frame.file.size();
    });
  }
}

}  // namespace
}  // namespace cpprof::symbolize
