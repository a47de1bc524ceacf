// SPDX-License-Identifier: Apache-2.0
//
// Symbolizes this very process: the functions below return an address inside themselves, and the
// test knows their names and lines.
#include "tools/symbolize/local.h"

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>

#include "tests/unit/tools/elf/elf_fixture.h"
#include "tools/elf/file.h"

namespace local_test {

[[gnu::noinline, gnu::noclone]] uintptr_t CallSite() {
  return reinterpret_cast<uintptr_t>(__builtin_return_address(0)) - 1;
}

constexpr int kInnerLine = __LINE__ + 2;
[[gnu::always_inline]] inline uintptr_t Inner() {
  const volatile uintptr_t site = CallSite();
  return site;
}

constexpr int kOuterLine = __LINE__ + 2;
[[gnu::noinline, gnu::noclone]] uintptr_t Outer() {
  const volatile uintptr_t site = Inner();
  return site + 0;
}

}  // namespace local_test

namespace cpprof::symbolize {
namespace {

// The executable mapping of the running program that holds `address`.
profile::Mapping MappingOf(profile::Profile* profile, uintptr_t address) {
  profile::Mapping mapping;
  std::FILE* maps = std::fopen("/proc/self/maps", "re");
  char line[4096];
  while (maps != nullptr && std::fgets(line, sizeof(line), maps) != nullptr) {
    uint64_t start = 0;
    uint64_t limit = 0;
    uint64_t offset = 0;
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &limit, &offset) != 3) {
      continue;
    }
    if (start <= address && address < limit) {
      mapping.start = start;
      mapping.limit = limit;
      mapping.offset = offset;
    }
  }
  if (maps != nullptr) std::fclose(maps);
  mapping.file = profile->Intern(std::filesystem::canonical("/proc/self/exe").string());
  return mapping;
}

class LocalTest : public ElfFixture {
 protected:
  void SetUp() override {
    ElfFixture::SetUp();
    profile_.AddSampleType("samples", "count");
    address_ = local_test::Outer();
    profile_.AddMapping(MappingOf(&profile_, address_));
    profile_.AddLocation(address_, 0);
  }
  std::string Name(size_t line) const {
    return std::string(profile_.Text(profile_.functions[profile_.Lines(0)[line].function].name));
  }
  std::string File(size_t line) const {
    return std::string(
        profile_.Text(profile_.functions[profile_.Lines(0)[line].function].filename));
  }

  profile::Profile profile_;
  CollectedNotices notices_;
  uintptr_t address_ = 0;
};

TEST_F(LocalTest, InlinedFramesInnermostFirstWithLinesAndColumns) {
  SymbolizeLocally(&profile_, Mode(), AnswerStyle::kExact, &notices_);
  EXPECT_TRUE(notices_.lines().empty());
  ASSERT_EQ(profile_.Lines(0).size(), 2u);
  EXPECT_EQ(Name(0), "_ZN10local_test5InnerEv");
  EXPECT_EQ(Name(1), "_ZN10local_test5OuterEv");
  EXPECT_TRUE(File(0).ends_with("local_test.cc")) << File(0);
  EXPECT_EQ(profile_.Lines(0)[0].line, local_test::kInnerLine);
  EXPECT_EQ(profile_.Lines(0)[1].line, local_test::kOuterLine);
  EXPECT_GT(profile_.Lines(0)[0].column, 0);
  EXPECT_EQ(profile_.functions[profile_.Lines(0)[1].function].start_line,
            local_test::kOuterLine - 1);
  EXPECT_TRUE(profile_.mappings[0].has_functions && profile_.mappings[0].has_inline_frames);
}

TEST_F(LocalTest, Addr2lineStyleHasNeitherColumnsNorDefinitionLines) {
  SymbolizeLocally(&profile_, Mode(), AnswerStyle::kAddr2line, &notices_);
  ASSERT_EQ(profile_.Lines(0).size(), 2u);
  EXPECT_EQ(profile_.Lines(0)[0].line, local_test::kInnerLine);
  EXPECT_EQ(profile_.Lines(0)[0].column, 0);
  EXPECT_EQ(profile_.functions[0].start_line, 0);
}

TEST_F(LocalTest, FastModeTakesTheSymbolOnly) {
  Mode mode;
  mode.fast = true;
  SymbolizeLocally(&profile_, mode, AnswerStyle::kExact, &notices_);
  ASSERT_EQ(profile_.Lines(0).size(), 1u);
  EXPECT_EQ(Name(0), "_ZN10local_test5OuterEv");
  EXPECT_EQ(File(0), "");
  EXPECT_EQ(profile_.Lines(0)[0].line, 0);
}

TEST_F(LocalTest, ManyAddressesShareTheirFunctions) {
  for (uint64_t i = 0; i < 5000; ++i) profile_.AddLocation(address_, 0);
  SymbolizeLocally(&profile_, Mode(), AnswerStyle::kExact, &notices_);
  EXPECT_EQ(profile_.functions.size(), 2u);
  EXPECT_EQ(profile_.Lines(5000).size(), 2u);
}

TEST_F(LocalTest, DebugFileIsUsedForAStrippedProgram) {
  Run("objcopy --only-keep-debug " + Self() + " " + Path("self.debug"));
  Run("objcopy --strip-all --add-gnu-debuglink=" + Path("self.debug") + " " + Self() + " " +
      Path("self"));
  profile_.mappings[0].file = profile_.Intern(Path("self"));
  SymbolizeLocally(&profile_, Mode(), AnswerStyle::kExact, &notices_);
  ASSERT_EQ(profile_.Lines(0).size(), 2u);
  EXPECT_EQ(profile_.Lines(0)[0].line, local_test::kInnerLine);
}

TEST_F(LocalTest, DebugFileAloneIsEnough) {
  Run("objcopy --only-keep-debug " + Self() + " " + Path("self.debug"));
  profile_.mappings[0].file = profile_.Intern(Path("self.debug"));
  SymbolizeLocally(&profile_, Mode(), AnswerStyle::kExact, &notices_);
  ASSERT_EQ(profile_.Lines(0).size(), 2u);
  EXPECT_EQ(profile_.Lines(0)[0].line, local_test::kInnerLine);
  EXPECT_EQ(profile_.Lines(0)[1].line, local_test::kOuterLine);
}

TEST_F(LocalTest, SaysWhatItCouldNotOpen) {
  profile_.mappings[0].file = 0;
  SymbolizeLocally(&profile_, Mode(), AnswerStyle::kExact, &notices_);
  EXPECT_EQ(notices_.lines(), std::vector<std::string>{"Main binary filename not available."});

  CollectedNotices missing;
  profile_.mappings[0].file = profile_.Intern("/no/such/program");
  profile_.mappings[0].build_id = profile_.Intern("12ab");
  SymbolizeLocally(&profile_, Mode(), AnswerStyle::kExact, &missing);
  ASSERT_EQ(missing.lines().size(), 2u);
  EXPECT_EQ(
      missing.lines()[0],
      "Local symbolization failed for program (build ID 12ab): stat /no/such/program: no such "
      "file or directory");

  CollectedNotices mismatch;
  profile_.mappings[0].file = profile_.Intern(Self());
  Result<std::unique_ptr<elf::File>> self = elf::File::Open(Self());
  ASSERT_TRUE(self.ok());
  ASSERT_FALSE((*self)->build_id().empty()) << "linked without a build ID";
  SymbolizeLocally(&profile_, Mode(), AnswerStyle::kExact, &mismatch);
  ASSERT_EQ(mismatch.lines().size(), 1u);
  EXPECT_TRUE(mismatch.lines()[0].ends_with(": build ID mismatch")) << mismatch.lines()[0];
}

TEST_F(LocalTest, NamedMappingsAreLeftAloneUnlessForced) {
  profile_.mappings[0].has_functions = true;
  SymbolizeLocally(&profile_, Mode(), AnswerStyle::kExact, &notices_);
  EXPECT_TRUE(profile_.Lines(0).empty());
  Mode force;
  force.force = true;
  SymbolizeLocally(&profile_, force, AnswerStyle::kExact, &notices_);
  EXPECT_EQ(profile_.Lines(0).size(), 2u);
}

TEST(IsUnsymbolizable, SystemMappings) {
  for (const char* file : {"[vdso]", "/x/[heap]", "linux-vdso.so.1", "/dev/dri/card0", "//anon",
                           "/memfd:jit (deleted)"}) {
    EXPECT_TRUE(IsUnsymbolizable(file)) << file;
  }
  EXPECT_FALSE(IsUnsymbolizable("/usr/bin/redis-server"));
}

}  // namespace
}  // namespace cpprof::symbolize
