// SPDX-License-Identifier: Apache-2.0
//
// The frame of a function that lands, made by hand, in all its states. What real
// ones look like: thrown_test.cc.
#include "agent/hot/unwind/landing.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <ucontext.h>

#include <cstring>

#include "agent/hot/unwind/module_lookup.h"

namespace pprofagent::hot {
namespace {

// Where things lie, in words from the frame's stack pointer.
constexpr int kOwn = 10;
constexpr int kOther = 40;
constexpr int kCfa = 100;
constexpr int kTargetSp = 160;
// In the descriptions.
constexpr int kSavedBx = 3;
constexpr int kSavedBp = 6;
constexpr int kSavedPc = 16;
constexpr int kCfaOf = 18;
constexpr int kAddress = 19;
constexpr int kLsda = 20;

constexpr uintptr_t kCaller = 0x1111;
constexpr uintptr_t kIntoTarget = 0x2222;
constexpr uintptr_t kPad = 0x3333;
constexpr uintptr_t kBp = 0x4444;
constexpr uintptr_t kTargetsBp = 0x5555;
constexpr uintptr_t kBx = 0x6666;
constexpr uintptr_t kTargetsBx = 0x7777;

class LandingTest : public testing::Test {
 protected:
  LandingTest() {
    rules_.cfa = FrameRules::kCfaFromRegister;
    rules_.cfa_register = kDwarfRbp;
    rules_.cfa_offset = 16;
    rules_.eh_data_saved = 3;
    rules_.return_address = {RegisterRule::kAtCfa, 0, -8};
    rules_.frame_pointer = {RegisterRule::kAtCfa, 0, -16};
    rules_.rbx = {RegisterRule::kAtCfa, 0, -56};
    // The target's registers are saved by what it has called, and by a frame between.
    words_[kTargetSp - 1] = kIntoTarget;
    words_[kTargetSp - 2] = kTargetsBp;
    words_[kTargetSp - 20] = kTargetsBx;
    words_[kCfa - 1] = kCaller;
    words_[kCfa - 2] = kBp;
    words_[kCfa - 7] = kBx;
    Describe(kOwn, kCfa - 7, kCfa - 2, kCfa, kCaller, 0);
    Describe(kOther, kTargetSp - 20, kTargetSp - 2, kTargetSp, kPad, 1);
  }

  uintptr_t At(int word) const { return reinterpret_cast<uintptr_t>(words_ + word); }

  void Describe(int at, int bx, int bp, int cfa, uintptr_t address, uintptr_t lsda) {
    words_[at + kSavedBx] = At(bx);
    words_[at + kSavedBp] = At(bp);
    words_[at + kSavedPc] = At(cfa - 1);
    words_[at + kCfaOf] = At(cfa);
    words_[at + kAddress] = address;
    words_[at + kLsda] = lsda;
  }

  void CopyBx() { words_[kCfa - 7] = kTargetsBx; }
  void CopyBp() { words_[kCfa - 2] = kTargetsBp; }
  void CopyPc() { words_[kCfa - 1] = kIntoTarget; }
  void CopyAll() {
    CopyBx();
    CopyBp();
    CopyPc();
  }

  // The caller, by the rules and put right.
  Registers Caller(bool interrupted = false) {
    StackReader stack({0, 0});
    const Registers frame{.pc = 1, .sp = At(0), .bp = At(kCfa - 2)};
    Registers caller = frame;
    EXPECT_TRUE(ApplyFrameRules(rules_, &stack, &caller));
    landing_ = {};
    UndoLanding(rules_, frame, interrupted, &stack, &caller, &landing_);
    EXPECT_EQ(caller.sp, At(kCfa));
    return caller;
  }

  void ExpectNothingDone() {
    const Registers caller = Caller(true);
    EXPECT_EQ(caller.pc, words_[kCfa - 1]);
    EXPECT_EQ(caller.bp, words_[kCfa - 2]);
    EXPECT_EQ(caller.bx, words_[kCfa - 7]);
    EXPECT_FALSE(landing_.pad_stored);
    EXPECT_EQ(landing_.farthest_bp, 0u);
  }

  void ExpectTarget() {
    EXPECT_EQ(landing_.sp, At(kTargetSp));
    EXPECT_EQ(landing_.pc, kIntoTarget);
  }

  FrameRules rules_{};
  alignas(16) uintptr_t words_[200] = {};
  Landing landing_;
};

TEST_F(LandingTest, IsNotUnderWay) { ExpectNothingDone(); }

TEST_F(LandingTest, HasCopiedRbx) {
  CopyBx();
  const Registers caller = Caller();
  EXPECT_EQ(caller.pc, kCaller);
  EXPECT_EQ(caller.bp, kBp);
  EXPECT_EQ(caller.bx, kUnknownRegister);
}

TEST_F(LandingTest, HasCopiedRbp) {
  CopyBx();
  CopyBp();
  const Registers caller = Caller();
  EXPECT_EQ(caller.pc, kCaller);
  EXPECT_EQ(caller.bp, kUnknownRegister);
  ExpectTarget();
  EXPECT_EQ(landing_.farthest_bp, At(kTargetSp - 2));
  EXPECT_FALSE(landing_.pad_stored);
}

TEST_F(LandingTest, HasCopiedTheReturnAddress) {
  CopyAll();
  const Registers caller = Caller();
  EXPECT_EQ(caller.pc, kCaller);
  EXPECT_EQ(caller.bp, kUnknownRegister);
  EXPECT_EQ(caller.bx, kUnknownRegister);
  ExpectTarget();
  EXPECT_FALSE(landing_.pad_stored);
}

// No frame between has saved them.
TEST_F(LandingTest, LeavesRegistersThatAreTheTargetsToo) {
  Describe(kOther, kCfa - 7, kCfa - 2, kTargetSp, kPad, 1);
  CopyPc();
  const Registers caller = Caller();
  EXPECT_EQ(caller.pc, kCaller);
  EXPECT_EQ(caller.bp, kBp);
  EXPECT_EQ(caller.bx, kBx);
}

TEST_F(LandingTest, HasStoredTheLandingPad) {
  CopyAll();
  words_[kTargetSp - 1] = kPad;
  EXPECT_EQ(Caller(true).pc, kCaller);
  ExpectTarget();
  EXPECT_TRUE(landing_.pad_stored);
  EXPECT_EQ(landing_.Corrected(At(kTargetSp - 1), kPad), kIntoTarget);
  EXPECT_EQ(landing_.Corrected(At(kTargetSp - 2), kPad), kPad);
  // On the way out a walk comes by.
  Registers step{.pc = 5, .sp = At(kTargetSp - 10), .bp = 0};
  landing_.Correct(&step);
  EXPECT_EQ(step.pc, 5u);
  step = {.pc = kPad, .sp = At(kTargetSp), .bp = 0};
  landing_.Correct(&step);
  EXPECT_EQ(step.pc, kIntoTarget);
  step = {.pc = 6, .sp = At(kTargetSp), .bp = 0};
  landing_.Correct(&step);
  EXPECT_EQ(step.pc, 6u);
}

// It does so in its own last instructions, not while something it calls runs.
TEST_F(LandingTest, DoesNotCallAnythingAfterThat) {
  CopyAll();
  words_[kTargetSp - 1] = kPad;
  EXPECT_EQ(Caller(false).pc, kIntoTarget);
}

TEST_F(LandingTest, LandsInItsCaller) {
  Describe(kOther, kCfa - 7, kCfa - 2, kCfa, kPad, 1);
  ExpectNothingDone();
  words_[kCfa - 1] = kPad;
  const Registers caller = Caller(true);
  EXPECT_EQ(caller.pc, kCaller);
  EXPECT_EQ(caller.bp, kBp);
  EXPECT_EQ(caller.bx, kBx);
  EXPECT_FALSE(landing_.pad_stored);
}

// Each of the words that prove something.
TEST_F(LandingTest, IsNotBelievedWithoutProof) {
  CopyAll();
  for (const int word : {kOwn + kSavedBx, kOwn + kSavedBp, kOwn + kSavedPc, kOwn + kCfaOf,
                         kOwn + kLsda, kOther + kSavedPc, kOther + kCfaOf, kTargetSp - 1}) {
    SCOPED_TRACE(word);
    const uintptr_t before = words_[word];
    words_[word] += 8;
    EXPECT_EQ(Caller().pc, kIntoTarget);
    words_[word] = before;
    EXPECT_EQ(Caller().pc, kCaller);
  }
  words_[kOther + kLsda] = 0;
  EXPECT_EQ(Caller().pc, kIntoTarget);
}

// This call's return address is another, and the frames outside are others too.
TEST_F(LandingTest, IsNotBelievedOfAnEarlierThrow) {
  words_[kCfa - 1] = 0x8888;
  words_[kCfa - 2] = 0x9999;
  words_[kCfa - 7] = 0xaaaa;
  ExpectNothingDone();
}

TEST_F(LandingTest, PutsUpWithAnyFrame) {
  StackReader stack({0, 0});
  for (const uintptr_t sp : {uintptr_t{0}, uintptr_t{8}, At(0) - (uintptr_t{1} << 30), At(kCfa),
                             At(kCfa + 1), UINTPTR_MAX}) {
    const Registers frame{.pc = 1, .sp = sp, .bp = 0};
    Registers caller{.pc = kCaller, .sp = At(kCfa), .bp = kBp};
    UndoLanding(rules_, frame, true, &stack, &caller, &landing_);
    EXPECT_EQ(caller.pc, kCaller);
  }
}

// In the three instructions that have the target's CFA, and in no other.
TEST(LandingRulesTest, KnowsTheEndOfLibgccsFunctions) {
  InitializeModuleLookup();
  void* libgcc = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(libgcc, nullptr) << dlerror();
  for (const char* name : {"_Unwind_RaiseException", "_Unwind_Resume", "_Unwind_ForcedUnwind",
                           "_Unwind_Resume_or_Rethrow"}) {
    SCOPED_TRACE(name);
    const auto begin = reinterpret_cast<uintptr_t>(dlsym(libgcc, name));
    Module module{};
    ASSERT_TRUE(FindModule(begin, &module));
    const CfiModule tables = TablesOf(module);
    const auto* end = static_cast<const uint8_t*>(
        memmem(reinterpret_cast<const void*>(begin), 4096, "\x48\x89\xcc", 3));
    ASSERT_NE(end, nullptr);
    const auto leaves = reinterpret_cast<uintptr_t>(end);
    long may_land = 0;
    long has_left = 0;
    // The stack pointer has come from rcx, or not.
    ucontext_t moved{};
    ucontext_t other{};
    moved.uc_mcontext.gregs[REG_RCX] = 0x1000;
    const Registers frame{
        .pc = 0, .sp = 0x1000, .bp = 0, .context = reinterpret_cast<uintptr_t>(&moved)};
    const Registers unlike{
        .pc = 0, .sp = 0x1000, .bp = 0, .context = reinterpret_cast<uintptr_t>(&other)};
    StackReader stack({0, 0});
    FrameRules rules;
    for (uintptr_t pc = begin; pc < leaves + 5 && FindFrameRules(tables, pc, &rules); ++pc) {
      may_land += rules.MayLand() ? 1 : 0;
      const bool left = rules.MayLand() && HasLeft(rules, frame, &stack);
      EXPECT_EQ(left, pc >= leaves) << pc - begin;
      EXPECT_EQ(HasLeft(rules, unlike, &stack), left && pc != leaves + 3) << pc - begin;
      has_left += left ? 1 : 0;
    }
    EXPECT_EQ(has_left, 5);  // bytes: of the move three
    EXPECT_GT(may_land, 100);
    EXPECT_FALSE(FindFrameRules(tables, begin, &rules) && rules.MayLand());
  }
  dlclose(libgcc);
}

}  // namespace
}  // namespace pprofagent::hot
