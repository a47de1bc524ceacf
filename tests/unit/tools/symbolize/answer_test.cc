// SPDX-License-Identifier: Apache-2.0
#include "tools/symbolize/answer.h"

#include <gtest/gtest.h>

#include "tests/unit/tools/elf/elf_fixture.h"

namespace cpprof::symbolize {
namespace {

constexpr char kAssembly[] = R"(
  .text
  .globl outer_symbol, exported_long_name
  .type outer_symbol, @function
outer_symbol: .skip 64
  .size outer_symbol, 64
  .type exported_long_name, @function
exported_long_name: .skip 16
  .size exported_long_name, 16
  .skip 16
)";

class AnswerTest : public ElfFixture {
 protected:
  void SetUp() override {
    ElfFixture::SetUp();
    Write("s.s", kAssembly);
    Run("gcc -nostdlib -shared -o " + Path("s.so") + " " + Path("s.s"));
    auto file = elf::File::Open(Path("s.so"));
    ASSERT_TRUE(file.ok()) << file.message();
    file_ = std::move(*file);
    symbols_ = std::make_unique<elf::SymbolTable>(*file_);
    text_ = symbols_->Find("outer_symbol")->address;
  }
  // What debug information says: `inner` inlined into `outer` at outer_symbol.
  std::vector<Frame> Inlined() const {
    Frame inner;
    inner.function = "inner";
    inner.file = "i.h";
    inner.line = 5;
    inner.column = 3;
    inner.start_line = 4;
    inner.instance = 100;
    inner.entry = text_ + 8;
    Frame outer = inner;
    outer.function = "outer";
    outer.file = "o.cc";
    outer.line = 9;
    outer.instance = 50;
    outer.entry = text_;
    return {inner, outer};
  }
  // The frames that are shown, for a table that has these.
  std::vector<Frame> Completed(Answerer* answerer, uint64_t offset,
                               const std::vector<Frame>& frames) {
    tables_.push_back(std::make_unique<FactTable>());
    tables_.back()->Add(text_ + offset, frames, *symbols_, *symbols_);
    tables_.back()->Finish();
    Facts facts;
    EXPECT_TRUE(tables_.back()->Find(text_ + offset, &facts));
    answerer->Complete(&facts);
    return facts.frames;
  }
  std::vector<std::string> Names(Answerer* answerer, uint64_t offset, std::vector<Frame> frames) {
    frames = Completed(answerer, offset, std::move(frames));
    std::vector<std::string> names;
    for (const Frame& frame : frames) names.emplace_back(frame.function);
    return names;
  }

  std::vector<std::unique_ptr<FactTable>> tables_;
  profile::StringTable strings_;
  std::unique_ptr<elf::File> file_;
  std::unique_ptr<elf::SymbolTable> symbols_;
  uint64_t text_ = 0;
};

using Names_ = std::vector<std::string>;

TEST_F(AnswerTest, ExactKeepsInlinedNamesAndNamesTheRealFunctionByItsSymbol) {
  Answerer exact(AnswerStyle::kExact, &strings_);
  EXPECT_EQ(Names(&exact, 10, Inlined()), (Names_{"inner", "outer_symbol"}));
  EXPECT_EQ(Names(&exact, 10, {}), Names_{"outer_symbol"});
  // Behind the last function there is nothing to be told.
  EXPECT_EQ(Names(&exact, 64 + 20, {}), Names_{});
  std::vector<Frame> frames = Inlined();
  frames = Completed(&exact, 10, frames);
  EXPECT_EQ(frames[0].column, 3);
  EXPECT_EQ(frames[0].start_line, 4);
}

TEST_F(AnswerTest, ExactKnowsTheCLibrarysNamesForItself) {
  Answerer exact(AnswerStyle::kExact, &strings_);
  std::vector<Frame> frames = Inlined();
  frames[0].function = "__GI_inner";
  EXPECT_EQ(Names(&exact, 10, frames), (Names_{"inner", "outer_symbol"}));
}

TEST_F(AnswerTest, Addr2lineNamesAnUnexportedInnermostFunctionAfterItsSurroundingsOnce) {
  Answerer answerer(AnswerStyle::kAddr2line, &strings_);
  EXPECT_EQ(Names(&answerer, 10, Inlined()), (Names_{"outer_symbol", "outer_symbol"}));
  EXPECT_EQ(Names(&answerer, 10, Inlined()), (Names_{"inner", "outer_symbol"}));
  std::vector<Frame> linked = Inlined();
  linked[0].linkage = true;
  linked[0].instance = 101;
  EXPECT_EQ(Names(&answerer, 10, linked), (Names_{"inner", "outer_symbol"}));
}

TEST_F(AnswerTest, Addr2lineReachesBeyondTheLastFunctionAndMarksMissingLines) {
  Answerer answerer(AnswerStyle::kAddr2line, &strings_);
  std::vector<Frame> frames;
  frames = Completed(&answerer, 64 + 20, {});
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].function, "exported_long_name");
  EXPECT_EQ(frames[0].file, "??:?");
  frames = Inlined();
  frames = Completed(&answerer, 0, frames);
  EXPECT_EQ(frames[0].file, "i.h");
  EXPECT_EQ(frames[0].column, 0);
  EXPECT_EQ(frames[0].start_line, 0);
}

}  // namespace
}  // namespace cpprof::symbolize
