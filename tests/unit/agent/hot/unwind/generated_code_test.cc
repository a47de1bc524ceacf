// SPDX-License-Identifier: Apache-2.0
//
// Walks through code that no table describes: made at run time, as by a compiler
// just in time.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include <cstring>
#include <initializer_list>
#include <vector>

#include "tests/unit/agent/hot/unwind/single_step.h"
#include "tests/unit/agent/hot/unwind/walks.h"

#define CHAIN extern "C" __attribute__((noinline, noipa, visibility("default")))

namespace pprofagent::hot {
namespace {

StackBounds g_bounds;
Walk g_walk;

}  // namespace

CHAIN long GeneratedCalls(long value) {
  WalkFromCaller(g_bounds, &g_walk);
  asm volatile("" ::: "memory");
  return value + 1;
}

CHAIN long GeneratedIsCalled(long (*code)(long), long argument) {
  const long result = code(argument);
  asm volatile("" ::: "memory");
  return result;
}

namespace {

// push %rbp; mov %rsp,%rbp; mov $GeneratedCalls,%rax; call *%rax; pop %rbp; ret
const std::vector<uint8_t> kWithFramePointer = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8, 0,    0,   0, 0,
                                                0,    0,    0,    0,    0xff, 0xd0, 0x5d, 0xc3};
constexpr size_t kTargetWithFramePointer = 6;
// sub $24,%rsp; xor %ebp,%ebp (having saved it in 8(%rsp)); mov $GeneratedCalls,%rax; call *%rax;
// mov 8(%rsp),%rbp; add $24,%rsp; ret
const std::vector<uint8_t> kWithout = {
    0x48, 0x83, 0xec, 24, 0x48, 0x89, 0x6c, 0x24, 8,    0x31, 0xed, 0x48, 0xb8, 0,    0,  0,   0,
    0,    0,    0,    0,  0xff, 0xd0, 0x48, 0x8b, 0x6c, 0x24, 8,    0x48, 0x83, 0xc4, 24, 0xc3};
constexpr size_t kTargetWithout = 13;

class GeneratedCodeTest : public testing::Test {
 protected:
  void SetUp() override {
    InitializeUnwinder(UnwinderBackend::kAuto);
    g_bounds = ThisThreadsStack();
    memory_ =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory_, MAP_FAILED);
  }
  void TearDown() override { munmap(memory_, 4096); }

  auto Generate(const std::vector<uint8_t>& code, size_t target) {
    memcpy(memory_, code.data(), code.size());
    const auto callee = reinterpret_cast<uintptr_t>(&GeneratedCalls);
    if (target != 0) memcpy(static_cast<uint8_t*>(memory_) + target, &callee, sizeof(callee));
    return reinterpret_cast<long (*)(long)>(memory_);
  }

  bool IsGenerated(uintptr_t pc) const { return pc - reinterpret_cast<uintptr_t>(memory_) < 4096; }

  void* memory_ = nullptr;
};

TEST_F(GeneratedCodeTest, IsCrossedByItsFramePointer) {
  EXPECT_EQ(GeneratedIsCalled(Generate(kWithFramePointer, kTargetWithFramePointer), 1), 2);
  const std::vector<std::string> names = Names(g_walk);
  ASSERT_GE(names.size(), 4u);
  EXPECT_EQ(names[0], "GeneratedCalls");
  EXPECT_TRUE(IsGenerated(g_walk.pcs[1]));
  EXPECT_EQ(names[2], "GeneratedIsCalled");
  EXPECT_EQ(names.back(), "_start");
  EXPECT_EQ(g_walk.end, WalkEnd::kOutermost);
}

// The register is 0 there, which is no end of a chain but a number.
TEST_F(GeneratedCodeTest, EndsTheWalkWithoutOneAndSaysSo) {
  EXPECT_EQ(GeneratedIsCalled(Generate(kWithout, kTargetWithout), 1), 2);
  ASSERT_EQ(g_walk.depth, 2u) << Describe(g_walk);
  EXPECT_TRUE(IsGenerated(g_walk.pcs[1]));
  EXPECT_EQ(g_walk.end, WalkEnd::kNoRule);
}

int g_wrong = 0;
int g_instructions = 0;
uintptr_t g_code = 0;

// Every walk from the generated leaf has the same callers.
void Observe(void* interrupted) {
  const Registers registers = RegistersFromContext(interrupted);
  if (registers.pc - g_code >= 4096) return;
  const uintptr_t caller = *reinterpret_cast<const uintptr_t*>(registers.sp) - 1;
  WalkByUs(interrupted, g_bounds, &g_walk);
  ++g_instructions;
  if (g_walk.end != WalkEnd::kOutermost || g_walk.depth < 5 || g_walk.pcs[1] != caller) ++g_wrong;
}

long CallGenerated(long argument) {
  return GeneratedIsCalled(reinterpret_cast<long (*)(long)>(g_code), argument);
}

// lea 1(%rdi),%rax; nop; nop; ret
TEST_F(GeneratedCodeTest, ALeafWithoutAFrameHasItsCallerAtTheTopOfTheStack) {
  g_code = reinterpret_cast<uintptr_t>(Generate({0x48, 0x8d, 0x47, 0x01, 0x90, 0x90, 0xc3}, 0));
  g_wrong = g_instructions = 0;
  EXPECT_EQ(StepThrough(CallGenerated, 5, Observe), 6);
  EXPECT_EQ(g_instructions, 4);
  EXPECT_EQ(g_wrong, 0) << Describe(g_walk);
  EXPECT_EQ(Names(g_walk)[1], "GeneratedIsCalled");
}

}  // namespace
}  // namespace pprofagent::hot
