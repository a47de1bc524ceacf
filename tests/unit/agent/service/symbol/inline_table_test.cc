// SPDX-License-Identifier: Apache-2.0
//
// inlined_code.cc as several compilers and forms of DWARF have it: at every
// address the chain of inlined functions is what llvm-addr2line says. (That of
// binutils takes the first name from the symbol table, and wrong files in DWARF 5.)
#include "agent/service/symbol/inline_table.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <cstdlib>
#include <random>
#include <sstream>

#include "agent/service/symbol/symbols.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

struct Place {
  std::string function;  // empty for the one that is not inlined
  std::string file;      // its last part
  std::string line;

  bool operator==(const Place&) const = default;
};
using Chain = std::vector<Place>;

std::ostream& operator<<(std::ostream& out, const Place& place) {
  return out << place.function << " " << place.file << ":" << place.line;
}

std::string LastPart(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// What addr2line prints: each address, then two lines a frame.
std::vector<Chain> ByAddr2line(const std::string& file, const std::vector<uint64_t>& addresses) {
  const test::ScratchDirectory scratch;
  std::ostringstream input;
  for (const uint64_t address : addresses) input << std::hex << "0x" << address << "\n";
  test::WriteFile(scratch / "addresses", input.str());
  const std::string command = "llvm-addr2line -aif -e " + file + " <" + (scratch / "addresses");
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::vector<Chain> chains;
  char* line = nullptr;
  size_t capacity = 0;
  std::string function;
  bool is_function = true;
  for (ssize_t size = 0; (size = getline(&line, &capacity, pipe)) > 0;) {
    std::string text(line, static_cast<size_t>(size) - 1);
    if (text.starts_with("0x")) {
      chains.emplace_back();
      is_function = true;
    } else if (is_function) {
      function = text;
      is_function = false;
    } else {
      text = text.substr(0, text.find(" (discriminator"));
      const size_t colon = text.rfind(':');
      chains.back().push_back({function, LastPart(text.substr(0, colon)), text.substr(colon + 1)});
      is_function = true;
    }
  }
  free(line);
  pclose(pipe);
  // The name of the function itself is the symbol table's affair.
  for (Chain& chain : chains) {
    if (!chain.empty()) chain.back().function.clear();
  }
  return chains;
}

Chain Ours(const Symbol& symbol) {
  Chain chain;
  for (const Symbol::Inlined& inlined : symbol.inlined) {
    chain.push_back({inlined.function, LastPart(inlined.file), std::to_string(inlined.line)});
  }
  chain.push_back({"", LastPart(symbol.file), std::to_string(symbol.line)});
  return chain;
}

class InlineTable : public testing::TestWithParam<std::string> {};

TEST_P(InlineTable, SaysWhatAddr2lineSays) {
  const std::string file = std::string(INLINED_DIRECTORY) + "/" + GetParam() + ".so";
  const ElfFile elf(file);
  const Elf64_Shdr* text = elf.Section(".text");
  ASSERT_NE(text, nullptr) << file;
  std::vector<uint64_t> addresses;
  for (uint64_t i = 0; i < text->sh_size; ++i) addresses.push_back(text->sh_addr + i);
  std::vector<Symbol> symbols(addresses.size());
  std::vector<LineQuery> queries;
  for (size_t i = 0; i < addresses.size(); ++i) queries.push_back({addresses[i], &symbols[i]});
  DebugSections sections(elf);
  FindLines(&sections, queries);
  FindInlined(&sections, queries);
  const std::vector<Chain> expected = ByAddr2line(file, addresses);
  ASSERT_EQ(expected.size(), addresses.size());
  int deep = 0;
  int different = 0;
  for (size_t i = 0; i < addresses.size(); ++i) {
    // No line, no chain.
    if (expected[i].empty() || expected[i].front().line == "?" || expected[i].front().line == "0")
      continue;
    const Chain chain = Ours(symbols[i]);
    if (chain.size() >= 3) ++deep;
    if (chain != expected[i] && ++different <= 5) {
      ADD_FAILURE() << std::hex << addresses[i] << "\n  ours " << testing::PrintToString(chain)
                    << "\n  addr2line " << testing::PrintToString(expected[i]);
    }
  }
  EXPECT_EQ(different, 0) << "of " << addresses.size();
  EXPECT_GT(deep, 100);
}

// Any bytes may stand in the tables: they may be believed or not, but do no harm.
TEST_P(InlineTable, SurvivesDamage) {
  const test::ScratchDirectory scratch;
  const std::string whole =
      test::Contents(std::string(INLINED_DIRECTORY) + "/" + GetParam() + ".so");
  std::mt19937 random(7);
  for (int round = 0; round < 100; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 20; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    test::WriteFile(scratch / "damaged", damaged);
    const ElfFile elf(scratch / "damaged");
    std::vector<Symbol> symbols(400);
    std::vector<LineQuery> queries;
    for (size_t i = 0; i < symbols.size(); ++i) queries.push_back({0x1000 + 16 * i, &symbols[i]});
    DebugSections sections(elf);
    FindLines(&sections, queries);
    FindInlined(&sections, queries);
  }
}

INSTANTIATE_TEST_SUITE_P(Builds, InlineTable, testing::Values(INLINED_BUILDS),
                         [](const auto& build) { return build.param; });

TEST(NameOfInlinedTest, HasNoArguments) {
  EXPECT_EQ(NameOfInlined("start_worker"), "start_worker(...)");
  EXPECT_EQ(NameOfInlined("a::f(int, void (*)(int))"), "a::f(...)");
  EXPECT_EQ(NameOfInlined("a::f(int) const"), "a::f(...)");
  EXPECT_EQ(NameOfInlined("f(int) [clone .isra.0]"), "f(...)");
  EXPECT_EQ(NameOfInlined("main::{lambda(int)#1}::operator()(int) const"),
            "main::{lambda(int)#1}::operator()(...)");
  EXPECT_EQ(NameOfInlined("operator()"), "operator()(...)");
  EXPECT_EQ(NameOfInlined("f(int)::{lambda()#1}"), "f(int)::{lambda()#1}(...)");
  EXPECT_EQ(NameOfInlined(")"), ")(...)");
  EXPECT_EQ(NameOfInlined(""), "(...)");
}

}  // namespace
}  // namespace pprofagent::service
