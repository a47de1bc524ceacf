// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/symbol_cache.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <string>
#include <thread>

#include "agent/service/symbol/symbols.h"
#include "tests/unit/agent/service/support/scratch_directory.h"

namespace pprofagent::service {
namespace {

Symbol Named(const std::string& function) {
  return {.address = 1, .function = function, .offset = 5, .file = "work.cc", .line = 7};
}

TEST(SymbolCacheTest, RemembersByBuildIdAndOffset) {
  SymbolCache cache;
  cache.Remember("aa01", 100, Named("work"));
  Symbol symbol;
  symbol.address = 4711;
  EXPECT_FALSE(cache.Find("aa01", 101, &symbol));
  EXPECT_FALSE(cache.Find("aa02", 100, &symbol));
  EXPECT_EQ(symbol.function, "");
  ASSERT_TRUE(cache.Find("aa01", 100, &symbol));
  EXPECT_EQ(symbol.function, "work");
  EXPECT_EQ(symbol.file, "work.cc");
  EXPECT_EQ(symbol.line, 7u);
  EXPECT_EQ(symbol.offset, 5u);
  EXPECT_EQ(symbol.address, 4711u) << "where it is loaded this time";
}

TEST(SymbolCacheTest, DoesNotRememberWhatMayChange) {
  SymbolCache cache;
  Symbol symbol;
  cache.Remember("", 100, Named("work"));
  EXPECT_FALSE(cache.Find("", 100, &symbol)) << "a file without a build ID";
  cache.Remember("bb01", 100, Named(""));
  EXPECT_FALSE(cache.Find("bb01", 100, &symbol)) << "nothing found";
}

TEST(SymbolCacheTest, ForgetsAllRatherThanGrowing) {
  SymbolCache cache;
  for (size_t i = 0; i <= 3 * kMostAnswers; ++i) cache.Remember("cc01", i, Named("work"));
  size_t known = 0;
  Symbol symbol;
  for (size_t i = 0; i <= 3 * kMostAnswers; ++i) known += cache.Find("cc01", i, &symbol) ? 1 : 0;
  EXPECT_LE(known, kMostAnswers);
  EXPECT_TRUE(cache.Find("cc01", 3 * kMostAnswers, &symbol)) << "the last one";
}

TEST(SymbolCacheTest, IsDoneWithoutWhereAnotherThreadHasIt) {
  SymbolCache cache;
  cache.Remember("dd01", 1, Named("work"));
  std::thread([] {
    SymbolCache other;
    Symbol symbol;
    EXPECT_FALSE(other.Find("dd01", 1, &symbol));
    other.Remember("dd01", 2, Named("work"));
  }).join();
  Symbol symbol;
  EXPECT_TRUE(cache.Find("dd01", 1, &symbol));
  EXPECT_FALSE(cache.Find("dd01", 2, &symbol));
}

// Through the door: the second time no file is needed.
TEST(SymbolCacheTest, AnswersWithoutTheFile) {
  const Mappings here = Mappings::OfThisProcess();
  const auto address = reinterpret_cast<uint64_t>(&Named);
  const uint64_t id = here.IdOf(address);
  ASSERT_NE(id, 0u);
  const Mapping& mapping = here.all()[id - 1];
  ASSERT_FALSE(mapping.build_id.empty()) << "the test program has no build ID";
  const test::ScratchDirectory scratch;
  const std::string copy = scratch / "copy";
  test::WriteFile(copy, test::Contents(mapping.file));
  const std::string maps = "400000-40000000 r-xp 00000000 08:01 1 " + copy + "\n";
  const Mappings copied =
      Mappings::Parse(maps, 0, [&](const MapsLine&, uint64_t) { return mapping.build_id; });
  const uint64_t there = 0x400000 + address - mapping.start + mapping.offset;
  const Symbol first = Symbols::Of({there}, copied).Find(there);
  EXPECT_NE(first.function.find("Named("), std::string::npos);
  ASSERT_EQ(remove(copy.c_str()), 0);
  const Symbol second = Symbols::Of({there}, copied).Find(there);
  EXPECT_EQ(second.function, first.function);
  EXPECT_EQ(second.line, first.line);
  const uint64_t elsewhere = there + 1;
  EXPECT_EQ(Symbols::Of({elsewhere}, copied).Find(elsewhere).function, "") << "this needs it";
}

}  // namespace
}  // namespace pprofagent::service
