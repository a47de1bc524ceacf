// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/symbols.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/elf/elf_fixture.h"

namespace cpprof::elf {
namespace {

// Functions at known distances, with and without size, an alias, and weak and data symbols.
constexpr char kAssembly[] = R"(
  .text
  .globl first, second, second_alias, weak_one
  .type first, @function
first: .skip 16
  .size first, 16
  .skip 16
  .type second, @function
  .type second_alias, @function
second:
second_alias: .skip 32
  .size second, 32
  .size second_alias, 8
  .weak weak_one
  .type weak_one, @function
weak_one: .skip 8
  .size weak_one, 8
  .skip 24
label: .skip 16
  .globl _IO_write_all, write_all
  .type __GI__IO_write_all, @function
  .type _IO_write_all, @function
  .type write_all, @function
same_code:
__GI__IO_write_all:
_IO_write_all:
write_all: .skip 8
  .type same_code, @function
  .size same_code, 8
  .size __GI__IO_write_all, 8
  .size _IO_write_all, 8
  .size write_all, 8
  .data
  .globl datum
  .type datum, @object
datum: .skip 8
  .size datum, 8
)";

class SymbolsTest : public ElfFixture {
 protected:
  void SetUp() override {
    ElfFixture::SetUp();
    Write("s.s", kAssembly);
    Run("gcc -nostdlib -shared -o " + Path("s.so") + " " + Path("s.s"));
    auto file = File::Open(Path("s.so"));
    ASSERT_TRUE(file.ok()) << file.message();
    file_ = std::move(*file);
    symbols_ = std::make_unique<SymbolTable>(*file_);
    text_ = symbols_->Find("first")->address;
  }
  std::string Nearest(uint64_t offset) {
    const Symbol* symbol = symbols_->Nearest(text_ + offset);
    return symbol == nullptr ? "" : std::string(symbol->name);
  }
  std::string Function(uint64_t offset) {
    const Symbol* symbol = symbols_->NearestFunction(text_ + offset);
    return symbol == nullptr ? "" : std::string(symbol->name);
  }
  std::string At(uint64_t offset, std::string_view preferred = {}) {
    const Symbol* symbol = symbols_->FunctionAt(text_ + offset, preferred);
    return symbol == nullptr ? "" : std::string(symbol->name);
  }

  std::unique_ptr<File> file_;
  std::unique_ptr<SymbolTable> symbols_;
  uint64_t text_ = 0;
};

TEST_F(SymbolsTest, NearestReachesOverGapsButNotBeyondWeakSymbols) {
  EXPECT_EQ(Nearest(0), "first");
  EXPECT_EQ(Nearest(15), "first");
  EXPECT_EQ(Nearest(20), "first");
  EXPECT_EQ(Nearest(70), "weak_one" /* from 64 */);
  EXPECT_EQ(Nearest(80), "");
  // Labels without a size are not in the list.
  EXPECT_EQ(Nearest(100), "");
  const uint64_t datum = symbols_->Find("datum")->address - text_;
  EXPECT_EQ(Nearest(datum + 7), "datum");
  EXPECT_EQ(Nearest(datum + 8), "");
}

TEST_F(SymbolsTest, NearestFunctionStaysInItsSection) {
  EXPECT_EQ(Function(20), "first");
  EXPECT_EQ(Function(80), "weak_one");
  EXPECT_EQ(Function(100), "label");
  EXPECT_EQ(Function(symbols_->Find("datum")->address - text_), "");
}

TEST_F(SymbolsTest, FunctionAtIsExactAndPrefersTheNameAskedFor) {
  EXPECT_EQ(At(15), "first");
  EXPECT_EQ(At(16), "");
  EXPECT_EQ(At(32, "second"), "second");
  EXPECT_EQ(At(32, "second_alias"), "second_alias");
  // Only one of the two reaches so far.
  EXPECT_EQ(At(32 + 20, "second_alias"), "second");
}

TEST_F(SymbolsTest, FunctionAtHasTheNameThatCallersUse) {
  EXPECT_EQ(At(112), "write_all");
  EXPECT_EQ(At(112, "_IO_write_all"), "_IO_write_all");
  EXPECT_EQ(At(112, "__GI__IO_write_all"), "write_all");
  // What merely has the same code is no variation.
  EXPECT_EQ(At(112, "same_code"), "same_code");
}

TEST_F(SymbolsTest, MissingNamesAreNotFound) { EXPECT_EQ(symbols_->Find("absent"), nullptr); }

}  // namespace
}  // namespace cpprof::elf
