// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/symbols.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

// In a namespace and with arguments, so that its name must be demangled.
[[gnu::noinline]] int Known(int value, const std::string& text) {
  return value + static_cast<int>(text.size());
}
constexpr uint32_t kLineOfKnown = __LINE__ - 3;

class SymbolsTest : public testing::Test {
 protected:
  Symbol Find(uint64_t address) const {
    return Symbols::Of({address, 1, address}, mappings_).Find(address);
  }
  Mappings mappings_ = Mappings::OfThisProcess();
};

TEST_F(SymbolsTest, NamesFunctionsWithTheirLines) {
  const auto begin = reinterpret_cast<uint64_t>(&Known);
  const Symbol symbol = Find(begin + 1);
  EXPECT_NE(symbol.function.find("Known(int, std::"), std::string::npos) << symbol.function;
  EXPECT_EQ(symbol.offset, 1u);
  EXPECT_TRUE(symbol.file.ends_with("symbol/symbols_test.cc")) << symbol.file;
  EXPECT_GE(symbol.line, kLineOfKnown);
  EXPECT_LE(symbol.line, kLineOfKnown + 2);
}

TEST_F(SymbolsTest, NamesFunctionsOfLibraries) {
  const Symbol symbol = Find(reinterpret_cast<uint64_t>(&abort) + 1);
  EXPECT_EQ(symbol.function, "abort");
}

TEST_F(SymbolsTest, KnowsNothingOfOtherAddresses) {
  EXPECT_EQ(Find(0x10).function, "");
  EXPECT_EQ(Find(UINT64_MAX).function, "");
  EXPECT_EQ(Symbols::Of({}, mappings_).Find(1).function, "");
}

TEST_F(SymbolsTest, DoesNotTrustAFileThatWasReplaced) {
  const test::ScratchDirectory scratch;
  std::string maps = "400000-401000 r-xp 0 08:01 1 /proc/self/exe\n";
  const auto other_id = [](const MapsLine&, uint64_t) { return std::string("00"); };
  const Mappings mappings = Mappings::Parse(maps, 0, other_id);
  EXPECT_EQ(Symbols::Of({0x400500}, mappings).Find(0x400500).function, "");
}

// Any file may stand behind a mapping: cut short at every place, the test
// program's own file must do no harm.
TEST_F(SymbolsTest, SurvivesFilesCutShort) {
  const test::ScratchDirectory scratch;
  const std::string whole = test::Contents("/proc/self/exe");
  for (size_t size = 0; size < whole.size(); size += whole.size() / 40 + 1) {
    test::WriteFile(scratch / "cut", whole.substr(0, size));
    const std::string maps = "400000-40000000 r-xp 00000000 08:01 1 " + (scratch / "cut") + "\n";
    const Mappings mappings =
        Mappings::Parse(maps, 0, [](const MapsLine&, uint64_t) { return std::string(); });
    Symbols::Of({0x400100, 0x410000, 0x450000}, mappings);
  }
}

}  // namespace
}  // namespace pprofagent::service
