// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/fact_table.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/tools/elf/elf_fixture.h"

namespace cpprof::symbolize {
namespace {

class FactTableTest : public ElfFixture {
 protected:
  void SetUp() override {
    ElfFixture::SetUp();
    auto file = elf::File::Open(Self());
    ASSERT_TRUE(file.ok()) << file.message();
    file_ = std::move(*file);
    symbols_ = std::make_unique<elf::SymbolTable>(*file_);
    main_ = symbols_->Find("main")->address;
  }

  void Fill(FactTable* table) {
    const Frame inner{.function = "inner",
                      .file = "i.h",
                      .line = 5,
                      .column = 3,
                      .start_line = 4,
                      .instance = 100,
                      .entry = main_ + 8,
                      .linkage = true};
    const Frame outer{.function = "outer", .file = "o.cc", .line = 9};
    const Frame frames[] = {inner, outer};
    table->Add(main_ + 1, frames, *symbols_, *symbols_);
    table->Add(main_, {}, *symbols_, *symbols_);
    table->Finish();
    table->SetReadable("inner", "Inner()");
  }

  std::unique_ptr<elf::File> file_;
  std::unique_ptr<elf::SymbolTable> symbols_;
  uint64_t main_ = 0;
};

TEST_F(FactTableTest, ComesBackAsItWas) {
  FactTable filled;
  EXPECT_FALSE(filled.changed());
  Fill(&filled);
  EXPECT_TRUE(filled.changed());
  FactTable table;
  ASSERT_TRUE(table.Parse(filled.Serialize()));
  EXPECT_FALSE(table.changed());
  EXPECT_EQ(table.size(), 2u);
  Facts facts;
  ASSERT_TRUE(table.Find(main_ + 1, &facts));
  ASSERT_EQ(facts.frames.size(), 2u);
  EXPECT_EQ(facts.frames[0].function, "inner");
  EXPECT_EQ(facts.frames[0].file, "i.h");
  EXPECT_EQ(facts.frames[0].line, 5);
  EXPECT_EQ(facts.frames[0].column, 3);
  EXPECT_EQ(facts.frames[0].start_line, 4);
  EXPECT_EQ(facts.frames[0].instance, 100u);
  EXPECT_EQ(facts.frames[0].entry, main_ + 8);
  EXPECT_TRUE(facts.frames[0].linkage);
  EXPECT_EQ(facts.frames[1].function, "outer");
  EXPECT_EQ(facts.function, "main");
  EXPECT_EQ(facts.nearest_function, "main");
  EXPECT_EQ(facts.nearest_address, main_);
  EXPECT_TRUE(facts.has_function && facts.has_nearest && facts.has_own);
  // Known to have no frames is another thing than not known.
  ASSERT_TRUE(table.Find(main_, &facts));
  EXPECT_TRUE(facts.frames.empty());
  EXPECT_FALSE(table.Find(main_ + 2, &facts));
  EXPECT_FALSE(facts.has_function);
  EXPECT_EQ(table.Missing(std::vector<uint64_t>{main_, main_ + 1, main_ + 2}),
            std::vector<uint64_t>{main_ + 2});
  EXPECT_EQ(table.Readable("inner"), "Inner()");
  EXPECT_EQ(table.Readable("outer"), "");
  EXPECT_EQ(table.Readable("never heard of"), "");
}

TEST_F(FactTableTest, DamagedBytesMakeAnEmptyTableOrASoundOne) {
  FactTable filled;
  Fill(&filled);
  const std::string good = filled.Serialize();
  for (size_t size = 0; size < good.size(); ++size) {
    FactTable table;
    EXPECT_FALSE(table.Parse(good.substr(0, size))) << size;
    EXPECT_EQ(table.size(), 0u);
  }
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string bad = good;
    for (int i = 0; i < 3; ++i) bad[random() % bad.size()] = static_cast<char>(random());
    FactTable table;
    if (!table.Parse(bad)) continue;
    Facts facts;
    for (uint64_t address = main_; address < main_ + 3; ++address) table.Find(address, &facts);
    for (const Frame& frame : facts.frames) EXPECT_LE(frame.function.size(), bad.size());
    table.Readable("inner");
  }
}

}  // namespace
}  // namespace cpprof::symbolize
