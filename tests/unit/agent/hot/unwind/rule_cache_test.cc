// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/rule_cache.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <vector>

namespace pprofagent::hot {
namespace {

FrameRules UsualRules(int64_t cfa_offset) {
  FrameRules rules{};
  rules.cfa = FrameRules::kCfaFromRegister;
  rules.cfa_register = kDwarfRsp;
  rules.cfa_offset = cfa_offset;
  rules.return_address = {RegisterRule::kAtCfa, 0, -8};
  return rules;
}

TEST(RuleCacheTest, FindsWhatWasStored) {
  CacheRule(0x1000, 7, 0x55);
  EXPECT_EQ(FindCachedRule(0x1000, 7), 0x55u);
  EXPECT_EQ(FindCachedRule(0x1001, 7), 0u);
}

TEST(RuleCacheTest, DoesNotFindTheRuleOfAnotherModule) {
  CacheRule(0x2000, 7, 0x55);
  EXPECT_EQ(FindCachedRule(0x2000, 8), 0u);
}

PackedRule Find(uintptr_t pc, uint64_t module) {
  const PackedRule rule = FindCachedRule(pc, module);
  return rule != 0 ? rule : RecallRule(pc, module);
}

// Return addresses of a large program.
TEST(RuleCacheTest, RemembersMoreThanTheSmallTableHolds) {
  constexpr uint64_t kModule = 0x123456789;
  std::mt19937_64 random(2);
  std::vector<uintptr_t> pcs(30'000);
  for (uintptr_t& pc : pcs) pc = 0x7f0000000000 + random() % 50'000'000;
  const auto rule_of = [](uintptr_t pc) { return (pc << 8) | 1; };
  for (int round = 0; round < 2; ++round) {
    for (const uintptr_t pc : pcs) CacheRule(pc, kModule, rule_of(pc));
  }
  size_t found = 0;
  for (const uintptr_t pc : pcs) {
    const PackedRule rule = Find(pc, kModule);
    ASSERT_EQ(Find(pc, ~kModule), 0u);
    if (rule == 0) continue;
    ++found;
    ASSERT_EQ(rule, rule_of(pc));
    // Where it was recalled it is found at once.
    ASSERT_EQ(FindCachedRule(pc, kModule), rule);
  }
  EXPECT_GT(found, pcs.size() * 95 / 100);
  EXPECT_EQ(RuleCacheBytes(), size_t{1} << 20);
}

TEST(RuleCacheTest, NothingIsFoundForAnyAddressThatWasNotStored) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) EXPECT_EQ(FindCachedRule(random(), random()), 0u);
}

TEST(RuleCacheTest, DoesNotPackWhatIsNotOfTheCommonForm) {
  FrameRules signal = UsualRules(8);
  signal.signal_frame = true;
  EXPECT_EQ(PackRules(signal), 0u);
  FrameRules expression = UsualRules(8);
  expression.cfa = FrameRules::kCfaExpression;
  EXPECT_EQ(PackRules(expression), 0u);
  FrameRules other_register = UsualRules(8);
  other_register.cfa_register = 10;
  EXPECT_EQ(PackRules(other_register), 0u);
  FrameRules unaligned = UsualRules(12);
  EXPECT_EQ(PackRules(unaligned), 0u);
  FrameRules moved = UsualRules(8);
  moved.stack_pointer = {RegisterRule::kInRegister, 0, 8};
  EXPECT_EQ(PackRules(moved), 0u);
  FrameRules lands = UsualRules(8);
  lands.eh_data_saved = 3;
  EXPECT_EQ(PackRules(lands), 0u);
  FrameRules odd_return = UsualRules(8);
  odd_return.return_address.value = -16;
  EXPECT_EQ(PackRules(odd_return), 0u);
  FrameRules too_large = UsualRules(int64_t{1} << 40);
  EXPECT_EQ(PackRules(too_large), 0u);
  FrameRules far_register = UsualRules(8);
  far_register.frame_pointer = {RegisterRule::kAtCfa, 0, -(int64_t{1} << 20)};
  EXPECT_EQ(PackRules(far_register), 0u);
}

// A packed rule does what the rule does that it was made of.
TEST(RuleCacheTest, PackedRulesGiveTheSameRegisters) {
  alignas(16) uintptr_t stack_words[512];
  for (uintptr_t i = 0; i < std::size(stack_words); ++i) stack_words[i] = 1000 + i;
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    FrameRules rules = UsualRules(static_cast<int64_t>(8 * (1 + random() % 200)));
    if (random() % 2 == 0) rules.cfa_register = kDwarfRbp;
    const auto any_rule = [&]() -> RegisterRule {
      switch (random() % 3) {
        case 0:
          return {};
        case 1:
          return {RegisterRule::kSameValue, 0, 0};
        default:
          return {RegisterRule::kAtCfa, 0, -static_cast<int64_t>(8 * (random() % 150))};
      }
    };
    rules.frame_pointer = any_rule();
    rules.rbx = any_rule();
    if (random() % 10 == 0) rules.return_address = {RegisterRule::kUndefined, 0, 0};
    const Registers start{.pc = 1,
                          .sp = reinterpret_cast<uintptr_t>(stack_words + 160),
                          .bp = reinterpret_cast<uintptr_t>(stack_words + 170),
                          .bx = 5,
                          .context = 0};
    StackReader stack({0, 0});
    Registers slow = start;
    Registers fast = start;
    const PackedRule packed = PackRules(rules);
    ASSERT_NE(packed, 0u);
    ASSERT_NE(packed, kPackedNoRule);
    ASSERT_TRUE(ApplyFrameRules(rules, &stack, &slow));
    ASSERT_TRUE(ApplyPackedRule(packed, &stack, &fast));
    ASSERT_EQ(fast.pc, slow.pc);
    if (slow.pc == 0) continue;  // nothing else is asked of an outermost frame
    ASSERT_EQ(fast.sp, slow.sp);
    ASSERT_EQ(fast.bp, slow.bp);
    ASSERT_EQ(fast.bx, slow.bx);
  }
}

}  // namespace
}  // namespace pprofagent::hot
