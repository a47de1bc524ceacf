// SPDX-License-Identifier: Apache-2.0
#include "agent/service/symbol/debug_frame.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace pprofagent::service {
namespace {

using Rows = std::vector<hot::DebugFrame::Row>;

std::string Number(uint64_t value, size_t size) {
  return std::string(reinterpret_cast<const char*>(&value), size);
}

std::string Record(const std::string& content) { return Number(content.size(), 4) + content; }

std::string Cie(const std::string& augmentation = "") {
  return Record(Number(UINT32_MAX, 4) + '\3' + augmentation + '\0' + "\1\x78\x10");
}

std::string Fde(uint64_t function, uint64_t size, uint64_t cie = 0) {
  return Record(Number(cie, 4) + Number(function, 8) + Number(size, 8));
}

const std::vector<CodeRange> kCode = {{0x401000, 0x402000}, {0x500000, 0x500100}};
Rows FunctionsOf(const std::string& section) {
  return FunctionsOfDebugFrame(section, kCode, 0x400000);
}

void ExpectFunctions(const std::string& section, const std::vector<uint32_t>& expected) {
  std::vector<uint32_t> functions;
  for (const auto& row : FunctionsOf(section)) functions.push_back(row.function);
  EXPECT_EQ(functions, expected);
}

TEST(DebugFrameTest, ListsFunctionsSortedEachOnce) {
  const std::string section = Cie() + Fde(0x401800, 16) + Fde(0x401000, 32) + Fde(0x401800, 8) +
                              Cie() + Fde(0x500010, 1, Cie().size() + 3 * Fde(0, 0).size());
  const Rows rows = FunctionsOf(section);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].function, 0x1000u);
  EXPECT_EQ(rows[0].fde, Cie().size() + Fde(0, 0).size());
  EXPECT_EQ(rows[1].function, 0x1800u);
  EXPECT_EQ(rows[1].fde, Cie().size()) << "the first of the two";
  EXPECT_EQ(rows[2].function, 0x100010u);
}

TEST(DebugFrameTest, LeavesOutWhatTheLinkerHasLeftOut) {
  ExpectFunctions(Cie() + Fde(0, 32) + Fde(0x402000, 1) + Fde(UINT64_MAX, 8) + Fde(0x401000, 0) +
                      Fde(0x401fff, 1),
                  {0x1fff});
}

TEST(DebugFrameTest, LeavesOutWhatItDoesNotUnderstand) {
  ExpectFunctions(Cie("zR") + Fde(0x401000, 1), {});
  ExpectFunctions(Cie() + Fde(0x401000, 1, 12345) + Fde(0x401100, 1), {0x1100});
  ExpectFunctions(Cie() + Fde(0x401000, 1, Cie().size()), {});
  // Nothing is believed after a record too short to be one.
  ExpectFunctions(Cie() + Record("ab") + Fde(0x401000, 1), {});
}

TEST(DebugFrameTest, UnderstandsTheFormOf64Bits) {
  const auto wide = [](const std::string& content) {
    return Number(UINT32_MAX, 4) + Number(content.size(), 8) + content;
  };
  const std::string cie = wide(Number(UINT64_MAX, 8) + std::string("\4\0\x8\0\1\x78\x10", 7));
  ExpectFunctions(cie + wide(Number(0, 8) + Number(0x401004, 8) + Number(4, 8)), {0x1004});
}

TEST(DebugFrameTest, AnyDamageIsSurvived) {
  std::mt19937 random(7);
  const std::string good = Cie() + Fde(0x401000, 32) + Fde(0x401800, 16);
  for (int round = 0; round < 20'000; ++round) {
    std::string section = good.substr(0, random() % (good.size() + 1));
    for (uint32_t changes = random() % 4; changes > 0 && !section.empty(); --changes) {
      section[random() % section.size()] = static_cast<char>(random());
    }
    for (const auto& row : FunctionsOf(section)) EXPECT_LT(row.fde, section.size());
  }
}

}  // namespace
}  // namespace pprofagent::service
