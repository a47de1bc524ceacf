// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/frame_pointer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>

namespace pprofagent::hot {
namespace {

class FramePointerTest : public testing::Test {
 protected:
  uintptr_t Word(int i) const { return reinterpret_cast<uintptr_t>(words_ + i); }

  bool Step(uintptr_t sp, uintptr_t bp) {
    registers_ = {.pc = 1, .sp = sp, .bp = bp};
    StackReader stack({0, 0});
    return StepByFramePointer(&stack, &registers_);
  }

  alignas(16) uintptr_t words_[16] = {};
  Registers registers_{};
};

TEST_F(FramePointerTest, StepsToTheCaller) {
  words_[4] = Word(10);
  words_[5] = 0x401000;
  ASSERT_TRUE(Step(Word(2), Word(4)));
  EXPECT_EQ(registers_.pc, 0x401000u);
  EXPECT_EQ(registers_.sp, Word(6));
  EXPECT_EQ(registers_.bp, Word(10));
}

TEST_F(FramePointerTest, ZeroMarksTheOutermostFrame) {
  ASSERT_TRUE(Step(Word(2), 0));
  EXPECT_EQ(registers_.pc, 0u);
}

TEST_F(FramePointerTest, RefusesWhatIsNoFramePointer) {
  words_[4] = Word(10);
  words_[5] = 0x401000;
  EXPECT_FALSE(Step(Word(6), Word(4))) << "below the stack pointer";
  EXPECT_FALSE(Step(Word(2), Word(4) + 1)) << "unaligned";
  EXPECT_FALSE(Step(Word(2), Word(2) + (2 << 20))) << "too far above";
  EXPECT_FALSE(Step(Word(2), kUnknownRegister));
  words_[5] = 17;
  EXPECT_FALSE(Step(Word(2), Word(4))) << "no code there";
  EXPECT_EQ(registers_.pc, 1u) << "registers changed by a step that failed";
}

// Bytes that end at an address, at all its distances from an aligned word.
bool EndsInACall(std::initializer_list<uint8_t> bytes) {
  bool result = false;
  for (uintptr_t shift = 0; shift < 8; ++shift) {
    alignas(8) uint8_t memory[32];
    memset(memory, 0x90, sizeof(memory));
    uint8_t* at = memory + 10 + shift - bytes.size();
    std::copy(bytes.begin(), bytes.end(), at);
    StackReader stack({0, 0});
    const bool found = FollowsACall(reinterpret_cast<uintptr_t>(at + bytes.size()), &stack);
    EXPECT_TRUE(shift == 0 || found == result) << shift;
    result = found;
  }
  return result;
}

TEST(FollowsACallTest, KnowsCalls) {
  EXPECT_TRUE(EndsInACall({0xe8, 1, 2, 3, 4})) << "call f";
  EXPECT_TRUE(EndsInACall({0xff, 0xd0})) << "call *%rax";
  EXPECT_TRUE(EndsInACall({0x41, 0xff, 0xd4})) << "call *%r12";
  EXPECT_TRUE(EndsInACall({0xff, 0x50, 0x18})) << "call *0x18(%rax)";
  EXPECT_TRUE(EndsInACall({0xff, 0x54, 0x24, 0x08})) << "call *8(%rsp)";
  EXPECT_TRUE(EndsInACall({0xff, 0x15, 1, 2, 3, 4})) << "call *f(%rip)";
  EXPECT_TRUE(EndsInACall({0xff, 0x94, 0xc3, 1, 2, 3, 4})) << "call *0x4030201(%rbx,%rax,8)";
}

TEST(FollowsACallTest, KnowsWhatIsNone) {
  EXPECT_FALSE(EndsInACall({})) << "nops";
  EXPECT_FALSE(EndsInACall({0xe9, 1, 2, 3, 4})) << "jmp";
  EXPECT_FALSE(EndsInACall({0xff, 0xe0})) << "jmp *%rax";
  EXPECT_FALSE(EndsInACall({0x55, 0x48, 0x89, 0xe5})) << "a prologue";
  StackReader stack({0, 0});
  // Volatile: the compiler knows that nothing is there.
  for (volatile uintptr_t nowhere : {uintptr_t{0}, uintptr_t{0x1003}, UINTPTR_MAX}) {
    EXPECT_FALSE(FollowsACall(nowhere, &stack)) << nowhere;
  }
}

}  // namespace
}  // namespace pprofagent::hot
