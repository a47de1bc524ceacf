// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/cfi.h"

#include <gtest/gtest.h>
#include <link.h>
#include <ucontext.h>

#include <cstring>
#include <optional>
#include <random>
#include <string>

#include "agent/hot/unwind/cfi_records.h"
#include "agent/hot/unwind/module_lookup.h"
#include "tests/unit/agent/hot/unwind/cfi_image.h"

namespace pprofagent::hot {
namespace {

using Bytes = CfiImage::Bytes;

std::optional<FrameRules> RulesAt(const CfiImage& image, uintptr_t offset) {
  FrameRules rules;
  if (!FindFrameRules(image.module(), image.function() + offset, &rules)) return std::nullopt;
  return rules;
}

void ExpectCfa(const std::optional<FrameRules>& rules, uint8_t number, int64_t offset) {
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->cfa, FrameRules::kCfaFromRegister);
  EXPECT_EQ(rules->cfa_register, number);
  EXPECT_EQ(rules->cfa_offset, offset);
}

TEST(CfiTest, StartsWithTheRulesOfTheCie) {
  const std::optional<FrameRules> rules = RulesAt(CfiImage({}), 0);
  ExpectCfa(rules, kDwarfRsp, 8);
  EXPECT_EQ(rules->return_address.kind, RegisterRule::kAtCfa);
  EXPECT_EQ(rules->return_address.value, -8);
  EXPECT_EQ(rules->frame_pointer.kind, RegisterRule::kUnspecified);
  EXPECT_FALSE(rules->signal_frame);
}

TEST(CfiTest, KnowsOnlyItsFunction) {
  const CfiImage image({});
  EXPECT_TRUE(RulesAt(image, 0));
  EXPECT_TRUE(RulesAt(image, CfiImage::kFunctionSize - 1));
  EXPECT_FALSE(RulesAt(image, CfiImage::kFunctionSize));
  EXPECT_FALSE(RulesAt(image, static_cast<uintptr_t>(-1)));
}

TEST(CfiTest, GivesTheRowInForce) {
  // push rbp; mov rbp, rsp; ... leave; ret, with each width of advance.
  const CfiImage image({0x41, 0x0e, 16,   0x86, 2,              // 1: CFA rsp + 16, rbp at CFA - 16
                        0x02, 3,    0x0d, 6,                    // 4: CFA from rbp
                        0x03, 0x20, 0,    0x0c, 7, 8,           // 36: CFA rsp + 8
                        0x04, 0x40, 0,    0,    0, 0x0e, 32});  // 100: CFA rsp + 32
  ExpectCfa(RulesAt(image, 0), kDwarfRsp, 8);
  ExpectCfa(RulesAt(image, 1), kDwarfRsp, 16);
  ExpectCfa(RulesAt(image, 3), kDwarfRsp, 16);
  ExpectCfa(RulesAt(image, 4), kDwarfRbp, 16);
  ExpectCfa(RulesAt(image, 35), kDwarfRbp, 16);
  ExpectCfa(RulesAt(image, 36), kDwarfRsp, 8);
  ExpectCfa(RulesAt(image, 99), kDwarfRsp, 8);
  ExpectCfa(RulesAt(image, 100), kDwarfRsp, 32);
  const std::optional<FrameRules> rules = RulesAt(image, 50);
  EXPECT_EQ(rules->frame_pointer.kind, RegisterRule::kAtCfa);
  EXPECT_EQ(rules->frame_pointer.value, -16);
}

TEST(CfiTest, RemembersAndRestoresStates) {
  const CfiImage image({0x41, 0x0e, 24, 0x83, 3, 0x0a,  // 1: rbx saved; remember
                        0x41, 0x0e, 8, 0xc3,            // 2: popped, rbx restored
                        0x41, 0x0b});                   // 3: as at 1
  ExpectCfa(RulesAt(image, 2), kDwarfRsp, 8);
  EXPECT_EQ(RulesAt(image, 2)->rbx.kind, RegisterRule::kUnspecified);
  ExpectCfa(RulesAt(image, 3), kDwarfRsp, 24);
  EXPECT_EQ(RulesAt(image, 3)->rbx.kind, RegisterRule::kAtCfa);
  EXPECT_EQ(RulesAt(image, 3)->rbx.value, -24);
}

TEST(CfiTest, RefusesStatesRestoredButNotRememberedAndTooMany) {
  EXPECT_FALSE(RulesAt(CfiImage({0x0b}), 5));
  EXPECT_FALSE(RulesAt(CfiImage(Bytes(100, 0x0a)), 5));
}

// rax and rdx, both of them, at an offset from CFA.
TEST(CfiTest, KnowsFunctionsThatMayLand) {
  struct {
    const char* name;
    Bytes program;
    bool may;
  } const cases[] = {
      {"none", {}, false},
      {"rax", {0x80, 9}, false},
      {"rdx", {0x81, 8}, false},
      {"both", {0x81, 8, 0x80, 9}, true},
      {"others", {0x82, 8, 0x83, 9}, false},
      {"extended", {0x05, 1, 8, 0x11, 0, 9}, true},
      {"in an expression", {0x81, 8, 0x10, 0, 1, 0x77}, false},
      {"in a register", {0x80, 9, 0x81, 8, 0x09, 1, 5}, false},
      {"restored", {0x80, 9, 0x81, 8, 0xc0}, false},
      {"restored, extended", {0x80, 9, 0x81, 8, 0x06, 1}, false},
      {"remembered", {0x80, 9, 0x81, 8, 0x0a, 0xc0, 0xc1, 0x0b}, true},
      {"not remembered", {0x0a, 0x80, 9, 0x81, 8, 0x0b}, false},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(RulesAt(CfiImage(test.program), 0)->MayLand(), test.may) << test.name;
  }
  Bytes initial = CfiImage::UsualInitial();
  initial.insert(initial.end(), {0x80, 9, 0x81, 8});
  EXPECT_TRUE(RulesAt(CfiImage({0x08, 1, 0xc1}, initial), 0)->MayLand()) << "restored to the CIE's";
  EXPECT_FALSE(RulesAt(CfiImage({0x80, 9, 0x81, 8}, CfiImage::UsualInitial(), "zRS"), 0)->MayLand())
      << "of a signal";
}

struct RuleCase {
  const char* name;
  Bytes program;
  RegisterRule::Kind kind;
  int64_t value;
};

TEST(CfiTest, UnderstandsEveryRuleOfARegister) {
  const RuleCase cases[] = {
      {"offset", {0x86, 2}, RegisterRule::kAtCfa, -16},
      {"offset_extended", {0x05, 6, 3}, RegisterRule::kAtCfa, -24},
      {"offset_extended_sf", {0x11, 6, 0x7f}, RegisterRule::kAtCfa, 8},
      {"GNU_negative_offset_extended", {0x2f, 6, 2}, RegisterRule::kAtCfa, 16},
      {"undefined", {0x07, 6}, RegisterRule::kUndefined, 0},
      {"same_value", {0x08, 6}, RegisterRule::kSameValue, 0},
      {"register", {0x09, 6, 9}, RegisterRule::kInRegister, 9},
      {"val_offset", {0x14, 6, 2}, RegisterRule::kIsCfa, -16},
      {"val_offset_sf", {0x15, 6, 0x7e}, RegisterRule::kIsCfa, 16},
      {"restore", {0x86, 2, 0xc6}, RegisterRule::kUnspecified, 0},
      {"restore_extended", {0x86, 2, 0x06, 6}, RegisterRule::kUnspecified, 0},
      {"GNU_args_size", {0x86, 2, 0x2e, 0x80, 1}, RegisterRule::kAtCfa, -16},
      {"others do not matter", {0x8c, 5, 0x07, 15, 0x86, 2}, RegisterRule::kAtCfa, -16},
  };
  for (const RuleCase& test : cases) {
    SCOPED_TRACE(test.name);
    const std::optional<FrameRules> rules = RulesAt(CfiImage(test.program), 0);
    ASSERT_TRUE(rules);
    EXPECT_EQ(rules->frame_pointer.kind, test.kind);
    EXPECT_EQ(rules->frame_pointer.value, test.value);
  }
}

TEST(CfiTest, UnderstandsEveryFormOfCfa) {
  ExpectCfa(RulesAt(CfiImage({0x0c, 10, 0x80, 1}), 0), 10, 128);
  ExpectCfa(RulesAt(CfiImage({0x12, 7, 0x7e}), 0), kDwarfRsp, 16);
  ExpectCfa(RulesAt(CfiImage({0x13, 0x7d}), 0), kDwarfRsp, 24);
  ExpectCfa(RulesAt(CfiImage({0x0d, 6}), 0), kDwarfRbp, 8);
  const CfiImage image({0x0f, 2, 0x77, 40});
  const std::optional<FrameRules> rules = RulesAt(image, 0);
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->cfa, FrameRules::kCfaExpression);
  EXPECT_EQ(rules->cfa_expression().size, 2u);
  EXPECT_EQ(rules->cfa_expression().begin[0], 0x77);
}

TEST(CfiTest, UnderstandsTheAugmentationsOfCompilers) {
  const Bytes initial = CfiImage::UsualInitial();
  EXPECT_TRUE(RulesAt(CfiImage({}, initial, "zRS", {0x1b}), 0)->signal_frame);
  // C++: a personality routine, indirect, and language data.
  EXPECT_TRUE(RulesAt(CfiImage({}, initial, "zPLR", {0x9b, 1, 2, 3, 4, 0x1b, 0x1b}), 0));
  for (const uint8_t version : {1, 3, 4}) {
    EXPECT_TRUE(RulesAt(CfiImage({}, initial, "zR", {0x1b}, version), 0)) << int{version};
  }
}

TEST(CfiTest, RefusesWhatItDoesNotKnow) {
  const Bytes initial = CfiImage::UsualInitial();
  EXPECT_FALSE(RulesAt(CfiImage({}, initial, "zR", {0x1b}, 2), 0)) << "version";
  EXPECT_FALSE(RulesAt(CfiImage({}, initial, "eh", {}), 0)) << "augmentation of gcc 2";
  EXPECT_FALSE(RulesAt(CfiImage({}, initial, "zR", {0x1f}), 0)) << "encoding";
  EXPECT_FALSE(RulesAt(CfiImage({0x3f, 1}), 5)) << "instruction";
  EXPECT_FALSE(RulesAt(CfiImage({0x0f, 1, 0x77, 0x0e, 8}), 5)) << "offset of an expression";
  EXPECT_FALSE(RulesAt(CfiImage({0x0f, 1, 0x77, 0x0d, 6}), 5)) << "register of an expression";
  EXPECT_FALSE(RulesAt(CfiImage({0x0f, 0x7f, 0x77}), 5)) << "expression past the end";
}

// Alone after its CIE.
TEST(CfiTest, FindsNoRecordBeforeTheFirst) {
  const CfiImage image({});
  Fde fde;
  EXPECT_TRUE(FindFdeInEhFrame(image.module(), image.function(), &fde));
  EXPECT_FALSE(FindFdeBefore(image.module(), image.function(), &fde));
}

// No function of any object in this process may be refused. Most have another's
// record before their own.
TEST(CfiTest, UnderstandsEveryFunctionOfEveryLoadedObject) {
  struct Totals {
    long functions = 0;
    long refused = 0;
    long preceded = 0;
    std::string first;
  } totals;
  InitializeModuleLookup();
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        auto* sum = static_cast<Totals*>(data);
        Module module;
        if (!FindModule(info->dlpi_addr + info->dlpi_phdr[0].p_vaddr, &module) &&
            !FindModule(reinterpret_cast<uintptr_t>(info->dlpi_phdr), &module)) {
          return 0;
        }
        if (module.eh_frame_hdr == nullptr) return 0;
        const CfiModule tables = TablesOf(module);
        uint32_t count;
        memcpy(&count, module.eh_frame_hdr + 8, sizeof(count));
        for (uint32_t i = 0; i < count; ++i) {
          int32_t function;
          memcpy(&function, module.eh_frame_hdr + 12 + size_t{i} * 8, sizeof(function));
          const uintptr_t pc = reinterpret_cast<uintptr_t>(module.eh_frame_hdr) +
                               static_cast<uintptr_t>(int64_t{function});
          FrameRules rules;
          ++sum->functions;
          Fde before;
          if (FindFdeBefore(tables, pc, &before) && before.end > before.begin) ++sum->preceded;
          if (FindFrameRules(tables, pc, &rules)) continue;
          if (sum->refused++ == 0) sum->first = info->dlpi_name + (" " + std::to_string(function));
        }
        return 0;
      },
      &totals);
  EXPECT_GT(totals.functions, 5000);
  EXPECT_EQ(totals.refused, 0) << "of " << totals.functions << ", first in " << totals.first;
  EXPECT_GT(totals.preceded, totals.functions * 8 / 10);
  EXPECT_LT(totals.preceded, totals.functions);
}

// A reader of nothing but the words that are given to it.
class CfiApplyTest : public testing::Test {
 protected:
  static bool Apply(const CfiImage& image, Registers* registers) {
    FrameRules rules;
    if (!FindFrameRules(image.module(), image.function(), &rules)) return false;
    StackReader stack({0, 0});
    return ApplyFrameRules(rules, &stack, registers);
  }

  uintptr_t Word(int i) const { return reinterpret_cast<uintptr_t>(stack_ + i); }

  alignas(16) uintptr_t stack_[16] = {100, 101, 102, 103, 104, 105, 106, 107,
                                      108, 109, 110, 111, 112, 113, 114, 115};
};

TEST_F(CfiApplyTest, FindsTheCallersRegisters) {
  Registers registers{.pc = 1, .sp = Word(0), .bp = 2, .bx = 3};
  ASSERT_TRUE(Apply(CfiImage({0x0e, 32, 0x86, 2, 0x83, 3}), &registers));
  EXPECT_EQ(registers.pc, 103u);
  EXPECT_EQ(registers.sp, Word(4));
  EXPECT_EQ(registers.bp, 102u);
  EXPECT_EQ(registers.bx, 101u);
  EXPECT_EQ(registers.context, 0u);
}

TEST_F(CfiApplyTest, AnUndefinedReturnAddressIsTheOutermostFrame) {
  Registers registers{.pc = 1, .sp = Word(0), .bp = 2};
  ASSERT_TRUE(Apply(CfiImage({0x07, 16}), &registers));
  EXPECT_EQ(registers.pc, 0u);
}

TEST_F(CfiApplyTest, EvaluatesTheExpressionOfAProcedureLinkageTable) {
  // What linkers write: 8 bytes more on the stack from the 11th byte of a stub.
  const CfiImage image({0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22});
  const uintptr_t stub = 0x4000;
  for (uintptr_t at = 0; at < 16; ++at) {
    Registers registers{.pc = stub + at, .sp = Word(0), .bp = 2};
    ASSERT_TRUE(Apply(image, &registers));
    EXPECT_EQ(registers.sp, Word(at >= 11 ? 2 : 1)) << at;
    EXPECT_EQ(registers.pc, at >= 11 ? 101u : 100u) << at;
  }
}

TEST_F(CfiApplyTest, FindsARealignedFrameThroughMemory) {
  stack_[2] = Word(8);
  Registers registers{.pc = 1, .sp = Word(0), .bp = Word(4)};
  ASSERT_TRUE(Apply(CfiImage({0x0f, 3, 0x76, 0x70, 0x06}), &registers));  // [rbp - 16]
  EXPECT_EQ(registers.sp, Word(8));
  EXPECT_EQ(registers.pc, 107u);
}

TEST_F(CfiApplyTest, UsesOtherRegistersOnlyWhereTheyAreAtHand) {
  const CfiImage image({0x0c, 10, 0});  // CFA is r10
  Registers caller{.pc = 1, .sp = Word(0), .bp = 2};
  EXPECT_FALSE(Apply(image, &caller));

  ucontext_t context{};
  context.uc_mcontext.gregs[REG_R10] = static_cast<greg_t>(Word(6));
  Registers interrupted{
      .pc = 1, .sp = Word(0), .bp = 2, .context = reinterpret_cast<uintptr_t>(&context)};
  ASSERT_TRUE(Apply(image, &interrupted));
  EXPECT_EQ(interrupted.sp, Word(6));
  EXPECT_EQ(interrupted.pc, 105u);
}

TEST_F(CfiApplyTest, RefusesExpressionsThatDoNotEnd) {
  Registers registers{.pc = 1, .sp = Word(0), .bp = 2};
  EXPECT_FALSE(Apply(CfiImage({0x0f, 3, 0x2f, 0xfd, 0xff}), &registers)) << "skip to itself";
  EXPECT_FALSE(Apply(CfiImage({0x0f, 4, 0x30, 0x2f, 0xfc, 0xff}), &registers)) << "push for ever";
  EXPECT_FALSE(Apply(CfiImage({0x0f, 2, 0x22, 0x22}), &registers)) << "empty stack";
  EXPECT_FALSE(Apply(CfiImage({0x0f, 1, 0xe0}), &registers)) << "unknown operation";
  EXPECT_FALSE(Apply(CfiImage({0x0f, 3, 0x30, 0x30, 0x06}), &registers)) << "reads address 0";
}

TEST_F(CfiApplyTest, AFramePointerThatCannotBeReadDoesNotEndTheWalk) {
  Registers registers{.pc = 1, .sp = Word(0), .bp = 2};
  ASSERT_TRUE(Apply(CfiImage({0x10, 6, 1, 0x30}), &registers));  // stored at address 0
  EXPECT_EQ(registers.pc, 100u);
  EXPECT_EQ(registers.bp, kUnknownRegister);
}

// Any change of any byte gives some rules or none, and no read outside.
TEST(CfiFuzzTest, CorruptTablesAreSafe) {
  const CfiImage image(
      {0x41, 0x0e, 16,   0x86, 2,    0x43, 0x0d, 6,    0x0a, 0x45, 0x0f, 11, 0x77, 8,    0x80, 0,
       0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22, 0x41, 0x0b, 0x41, 0x10, 6,  2,    0x77, 8},
      {0x0c, 7, 8, 0x90, 1}, "zPLR", {0x9b, 1, 2, 3, 4, 0x1b, 0x1b});
  const GuardedBytes& bytes = image.bytes();
  const std::vector<uint8_t> good(bytes.begin(), bytes.end());
  alignas(16) uintptr_t words[64] = {};
  std::mt19937 random(1);
  long understood = 0;
  for (int round = 0; round < 300000; ++round) {
    memcpy(bytes.begin(), good.data(), good.size());
    const int changes = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < changes; ++i) {
      bytes.begin()[random() % good.size()] = static_cast<uint8_t>(random());
    }
    FrameRules rules;
    const uintptr_t pc = image.function() + random() % 32;
    if (!FindFrameRules(image.module(), pc, &rules)) continue;
    ++understood;
    StackReader stack({0, 0});
    Registers registers{.pc = pc, .sp = reinterpret_cast<uintptr_t>(words + 32), .bp = random()};
    ApplyFrameRules(rules, &stack, &registers);
  }
  EXPECT_GT(understood, 10000) << "the fuzzing does not get past the headers";
}

TEST(CfiFuzzTest, TruncatedTablesAreSafe) {
  const CfiImage whole({0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0f, 2, 0x77, 8});
  const std::vector<uint8_t> good(whole.bytes().begin(), whole.bytes().end());
  for (size_t size = 1; size < good.size(); ++size) {
    const GuardedBytes cut(
        std::vector<uint8_t>(good.begin(), good.begin() + static_cast<long>(size)));
    const CfiModule module{cut.begin(), cut.end(), cut.begin()};
    FrameRules rules;
    EXPECT_FALSE(FindFrameRules(
        module, reinterpret_cast<uintptr_t>(cut.begin()) + uintptr_t{CfiImage::kFunction}, &rules))
        << size;
  }
}

}  // namespace
}  // namespace pprofagent::hot
