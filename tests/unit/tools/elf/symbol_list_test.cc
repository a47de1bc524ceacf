// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/symbol_list.h"

#include "tests/unit/tools/elf/elf_fixture.h"
#include "tools/base/process.h"
#include "tools/base/strings.h"

namespace cpprof::elf {
namespace {

class SymbolListTest : public ElfFixture {
 protected:
  // What the list should be: as `nm -n` prints it.
  static std::string ByNm(const std::string& option, const std::string& path) {
    const Result<std::string> output =
        RunProgram({"env", "LC_ALL=C", "nm", option, "-n", path}, "");
    EXPECT_TRUE(output.ok()) << output.message();
    std::string list;
    for (const std::string_view line : Split(*output, '\n')) {
      const auto fields = Fields(line);
      if (fields.size() < 3) continue;  // undefined ones have no address
      // Exported names come with a version that is not part of the symbol.
      const std::string_view name =
          fields[2].substr(0, option == "-D" ? fields[2].find('@') : std::string_view::npos);
      AppendFormat(&list, "%016llx %.*s\n",
                   static_cast<unsigned long long>(ParseUint(fields[0], 16).value_or(0)),
                   static_cast<int>(name.size()), name.data());
    }
    return list;
  }
  static std::string Ours(const std::string& path) {
    const auto file = File::Open(path);
    EXPECT_TRUE(file.ok()) << file.message();
    std::string list;
    for (const ListedSymbol& symbol : ListSymbols(**file)) {
      AppendFormat(&list, "%016llx %.*s\n", static_cast<unsigned long long>(symbol.address),
                   static_cast<int>(symbol.name.size()), symbol.name.data());
    }
    return list;
  }
};

TEST_F(SymbolListTest, IsWhatNmPrints) {
  const std::string ours = Ours(Self());
  EXPECT_GT(ours.size(), 1000u);
  EXPECT_EQ(ours, ByNm("-n", Self()));
}

TEST_F(SymbolListTest, OfAStrippedFileWhatItExports) {
  Run("objcopy --strip-all " + Self() + " " + Path("stripped"));
  EXPECT_EQ(Ours(Path("stripped")), ByNm("-D", Path("stripped")));
  EXPECT_FALSE(HasSymbolTable(**File::Open(Path("stripped"))));
  EXPECT_TRUE(HasSymbolTable(**File::Open(Self())));
}

}  // namespace
}  // namespace cpprof::elf
