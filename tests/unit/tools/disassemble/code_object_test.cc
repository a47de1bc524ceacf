// SPDX-License-Identifier: Apache-2.0
#include "tools/disassemble/code_object.h"

#include <algorithm>

#include "tests/unit/tools/elf/elf_fixture.h"
#include "tests/unit/tools/own_code.h"

namespace code_object_test {

[[gnu::noinline, gnu::noclone]] uintptr_t Here() {
  return reinterpret_cast<uintptr_t>(__builtin_return_address(0));
}

[[gnu::noinline, gnu::noclone]] uintptr_t Function() {
  const volatile uintptr_t here = Here();
  return here;
}

}  // namespace code_object_test

namespace cpprof::disassemble {
namespace {

class CodeObjectTest : public ElfFixture {
 protected:
  void SetUp() override {
    ElfFixture::SetUp();
    address_ = code_object_test::Function();
    profile_.AddMapping(OwnMapping(&profile_, address_));
  }

  // The names at the file address of `address_`.
  std::string NamesAt(CodeObject* code) {
    const Result<uint64_t> address = code->FileAddress(address_);
    EXPECT_TRUE(address.ok()) << address.message();
    for (const SymbolGroup& group : code->Symbols()) {
      if (*address < group.start || *address > group.end) continue;
      std::string names;
      for (const elf::ListedSymbol& symbol : group.symbols) {
        names += std::string(symbol.name) + " ";
      }
      return names;
    }
    return "";
  }

  profile::Profile profile_;
  uintptr_t address_ = 0;
};

TEST_F(CodeObjectTest, FindsTheSymbolAndTheFrame) {
  const auto code = CodeObject::Open(profile_, 0);
  ASSERT_TRUE(code.ok()) << code.message();
  EXPECT_EQ(NamesAt(code->get()), "_ZN16code_object_test8FunctionEv ");
  const uint64_t address = *(*code)->FileAddress(address_);
  const auto frames = (*code)->Frames(std::vector<uint64_t>{address},
                                      symbolize::AnswerStyle::kExact, profile_.strings.get());
  ASSERT_EQ(frames.size(), 1u);
  ASSERT_FALSE(frames[0].empty());
  EXPECT_EQ(frames[0].back().function, "_ZN16code_object_test8FunctionEv");
  EXPECT_NE(frames[0].back().file.find("code_object_test.cc"), std::string_view::npos);
}

TEST_F(CodeObjectTest, GroupsAreInOrderAndTouch) {
  const auto code = CodeObject::Open(profile_, 0);
  ASSERT_TRUE(code.ok()) << code.message();
  const std::vector<SymbolGroup>& groups = (*code)->Symbols();
  ASSERT_GT(groups.size(), 10u);
  for (size_t i = 1; i < groups.size(); ++i) EXPECT_EQ(groups[i - 1].end + 1, groups[i].start);
}

TEST_F(CodeObjectTest, AStrippedFileHasTheSymbolsOfItsDebugFile) {
  Run("objcopy --only-keep-debug " + Self() + " " + Path("program.debug"));
  Run("objcopy --strip-all --add-gnu-debuglink=" + Path("program.debug") + " " + Self() + " " +
      Path("program"));
  profile_.mappings[0].file = profile_.Intern(Path("program"));
  const auto with_debug_file = CodeObject::Open(profile_, 0);
  ASSERT_TRUE(with_debug_file.ok()) << with_debug_file.message();
  EXPECT_EQ(NamesAt(with_debug_file->get()), "_ZN16code_object_test8FunctionEv ");
  std::filesystem::remove(Path("program.debug"));
  const auto alone = CodeObject::Open(profile_, 0);
  ASSERT_TRUE(alone.ok()) << alone.message();
  EXPECT_EQ(NamesAt(alone->get()).find("Function"), std::string::npos);
}

TEST_F(CodeObjectTest, AnotherBuildIsRefused) {
  profile_.mappings[0].build_id = profile_.Intern("0123");
  EXPECT_NE(CodeObject::Open(profile_, 0).message().find("build ID mismatch"), std::string::npos);
  profile_.mappings[0].file = profile_.Intern(Write("text", "no program"));
  EXPECT_FALSE(CodeObject::Open(profile_, 0).ok());
}

TEST_F(CodeObjectTest, AnAddressElsewhereIsAnError) {
  const auto code = CodeObject::Open(profile_, 0);
  ASSERT_TRUE(code.ok());
  EXPECT_NE((*code)->FileAddress(1).message().find("outside the mapping"), std::string::npos);
}

}  // namespace
}  // namespace cpprof::disassemble
