// SPDX-License-Identifier: Apache-2.0
#include "tools/elf/debug_file.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/elf/elf_fixture.h"
#include "tools/elf/symbols.h"

namespace cpprof::elf {
namespace {

// Small enough to be stripped in no time.
constexpr char kProgram[] =
    "int exported(int x) { return x * 3; } int main() { return exported(2); }";

class DebugFileTest : public ElfFixture {
 protected:
  void SetUp() override {
    ElfFixture::SetUp();
    Write("p.c", kProgram);
    Run("gcc -g -rdynamic -Wl,--build-id -o " + Path("p") + " " + Path("p.c"));
    Run("objcopy --only-keep-debug " + Path("p") + " " + Path("p.debug"));
  }
  std::unique_ptr<File> Open(const std::string& name) {
    auto file = File::Open(Path(name));
    EXPECT_TRUE(file.ok()) << file.message();
    return std::move(*file);
  }
};

TEST_F(DebugFileTest, FoundByBuildId) {
  Run("strip -o " + Path("stripped") + " " + Path("p"));
  auto stripped = Open("stripped");
  ASSERT_FALSE(HasDebugInfo(*stripped));
  const std::string& id = stripped->build_id();
  ASSERT_GE(id.size(), 32u);
  EXPECT_EQ(FindDebugFile(*stripped, {Path("root")}), nullptr);
  const std::string place = Path("root/.build-id/" + id.substr(0, 2));
  std::filesystem::create_directories(place);
  std::filesystem::rename(Path("p.debug"), place + "/" + id.substr(2) + ".debug");
  auto debug = FindDebugFile(*stripped, {Path("root")});
  ASSERT_NE(debug, nullptr);
  EXPECT_TRUE(HasDebugInfo(*debug));
  // The id is all that is needed.
  EXPECT_EQ(FindDebugFileById(id, {Path("root")}), place + "/" + id.substr(2) + ".debug");
  EXPECT_EQ(FindDebugFileById("1234", {Path("root")}), "");
  EXPECT_EQ(FindDebugFileById("../" + id, {Path("root")}), "");
}

TEST_F(DebugFileTest, FoundByLinkOnlyWhenItIsTheRightOne) {
  Run("objcopy --remove-section=.note.gnu.build-id --strip-all --add-gnu-debuglink=" +
      Path("p.debug") + " " + Path("p") + " " + Path("linked"));
  auto linked = Open("linked");
  ASSERT_TRUE(linked->debug_link().has_value());
  EXPECT_EQ(linked->debug_link()->name, "p.debug");
  EXPECT_NE(FindDebugFile(*linked, {}), nullptr);
  // Another build's debug file under the same name.
  Write("other.c", "int main() { return 7; }");
  Run("gcc -g -o " + Path("p.debug") + " " + Path("other.c"));
  EXPECT_EQ(FindDebugFile(*linked, {}), nullptr);
}

TEST_F(DebugFileTest, StrippedProgramsKeepTheirExportedNames) {
  Run("strip -o " + Path("stripped") + " " + Path("p"));
  auto whole = Open("p");
  auto stripped = Open("stripped");
  SymbolTable all(*whole);
  SymbolTable exported(*stripped);
  ASSERT_TRUE(all.complete());
  ASSERT_FALSE(exported.complete());
  const Symbol* symbol = all.Find("exported");
  ASSERT_NE(symbol, nullptr);
  const Symbol* found = exported.NearestFunction(symbol->address + 2);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "exported");
  EXPECT_EQ(exported.Nearest(symbol->address), nullptr);
}

}  // namespace
}  // namespace cpprof::elf
