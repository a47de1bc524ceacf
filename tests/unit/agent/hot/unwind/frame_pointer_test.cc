// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/unwind/frame_pointer.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pprofagent::hot
