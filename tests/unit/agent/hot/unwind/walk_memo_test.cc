// SPDX-License-Identifier: Apache-2.0
//
// Walks with memory against walks without: over chains of calls chosen at
// random, so that two that follow each other have some of their frames in common.
#include "agent/hot/unwind/walk_memo.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "agent/hot/unwind/stack_hash.h"
#include "preload/export.h"
#include "tests/unit/agent/hot/unwind/walks.h"

#define LINK __attribute__((noinline, noipa))
#define NOT_A_TAIL_CALL asm volatile("" ::: "memory")

namespace pprofagent::hot {
namespace {

struct Trial {
  StackBounds bounds{};
  ExcludedCode excluded{};
  uint32_t capacity = kMostFrames;
  std::unique_ptr<WalkMemo> memo = std::make_unique<WalkMemo>();
  // The calls still to be made, one letter each.
  std::vector<uint8_t> calls;
  std::mt19937 random{7};
  int walks = 0;
  int same = 0;
  int none = 0;
};

void Check(Trial* t, const Registers& caller) {
  static Walk expected;
  Frames plain{};
  plain.pcs = expected.pcs;
  plain.capacity = t->capacity;
  Unwind(caller, PcKind::kReturnAddress, t->bounds, UnwindContext::kHook, &plain);
  expected.depth = plain.depth;
  expected.end = plain.end;

  static Walk found;
  static Walk last;
  Frames remembered{};
  remembered.pcs = found.pcs;
  remembered.capacity = t->capacity;
  uint64_t hash = 0;
  const Recall recall =
      WalkRemembering(caller, t->bounds, t->excluded, t->memo.get(), &remembered, &hash);
  ++t->walks;
  switch (recall) {
    case Recall::kNone:
      ++t->none;
      return;
    case Recall::kSame:
      ++t->same;
      ASSERT_EQ(t->memo->stack, &last);
      break;
    case Recall::kNew:
      last = found;
      last.depth = remembered.depth;
      last.end = remembered.end;
      t->memo->stack = &last;
      ASSERT_EQ(hash, HashOfStack(last.pcs, last.depth, false));
      break;
  }
  ASSERT_EQ(expected.end, WalkEnd::kOutermost);
  ASSERT_TRUE(Same(last, expected)) << Describe(last) << "\ninstead of\n" << Describe(expected);
}

LINK void Leaf(Trial* t) {
  Check(t, preload::CallerRegisters());
  NOT_A_TAIL_CALL;
}

void Next(Trial* t);

LINK void Plain(Trial* t) {
  Next(t);
  NOT_A_TAIL_CALL;
}

// Registers are saved, the frame pointer among them.
LINK void Saving(Trial* t) {
  int a = t->walks, b = a + 1, c = a + 2, d = a + 3, e = a + 4, f = a + 5;
  asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
  Next(t);
  asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
}

// The frame's size is not the same twice: its rule needs the frame pointer.
LINK void Variable(Trial* t) {
  auto* bytes = static_cast<volatile char*>(__builtin_alloca(16 + t->random() % 3 * 16));
  bytes[0] = 1;
  Next(t);
  NOT_A_TAIL_CALL;
}

LINK __attribute__((optimize("no-omit-frame-pointer"))) void FramePointer(Trial* t) {
  Next(t);
  NOT_A_TAIL_CALL;
}

// Two calls from one frame.
LINK void Twice(Trial* t) {
  const std::vector<uint8_t> rest = t->calls;
  Next(t);
  t->calls = rest;
  Next(t);
  NOT_A_TAIL_CALL;
}

LINK void Next(Trial* t) {
  using Link = void (*)(Trial*);
  static constexpr Link kLinks[] = {Plain, Saving, Variable, FramePointer, Twice};
  if (t->calls.empty()) {
    Leaf(t);
  } else {
    const Link link = kLinks[t->calls.back()];
    t->calls.pop_back();
    link(t);
  }
  NOT_A_TAIL_CALL;
}

// Calls by a tree that changes from its leaves: mostly near them.
void RunTrial(Trial* t, int rounds) {
  std::vector<uint8_t> calls;
  for (int round = 0; round < rounds && !testing::Test::HasFatalFailure(); ++round) {
    const size_t keep = t->random() % 4 == 0 ? t->random() % (calls.size() + 1) : calls.size();
    calls.resize(keep);
    while (calls.size() < 12 && t->random() % 5 != 0) {
      calls.push_back(static_cast<uint8_t>(t->random() % 5));
    }
    if (calls.size() > 1 && t->random() % 3 == 0) calls.pop_back();
    t->calls.assign(calls.rbegin(), calls.rend());
    int twice = 0;
    for (uint8_t& call : t->calls) {
      if (call == 4 && ++twice > 3) call = 0;
    }
    Next(t);
  }
}

class WalkMemoTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(InitializeUnwinder(UnwinderBackend::kAuto), UnwinderBackend::kAuto);
    trial_.bounds = ThisThreadsStack();
  }
  Trial trial_;
};

TEST_F(WalkMemoTest, AgreesWithWalksWithoutMemory) {
  RunTrial(&trial_, 20000);
  EXPECT_GT(trial_.walks, 20000);
  EXPECT_GT(trial_.same, 100);
  // Left to Unwind: what finds no cached rule, at the beginning.
  EXPECT_LT(trial_.none, trial_.walks / 4);
}

TEST_F(WalkMemoTest, AMemoOfAnotherThreadIsNotBelieved) {
  RunTrial(&trial_, 2000);
  for (int i = 0; i < 3; ++i) {
    std::thread([this] {
      trial_.bounds = ThisThreadsStack();
      RunTrial(&trial_, 2000);
    }).join();
  }
  trial_.bounds = ThisThreadsStack();
  RunTrial(&trial_, 2000);
}

TEST_F(WalkMemoTest, StacksLongerThanTheCapacityAreLeftToUnwind) {
  trial_.capacity = 8;
  RunTrial(&trial_, 500);
  EXPECT_EQ(trial_.none, trial_.walks);
}

TEST_F(WalkMemoTest, UnknownBoundsAreLeftToUnwind) {
  trial_.bounds = {};
  RunTrial(&trial_, 100);
  EXPECT_EQ(trial_.none, trial_.walks);
}

TEST_F(WalkMemoTest, ExcludedCodeIsLeftToUnwind) {
  const auto here = reinterpret_cast<uintptr_t>(&RunTrial);
  trial_.excluded = {here, here + 1};
  RunTrial(&trial_, 1000);
  EXPECT_EQ(trial_.none, trial_.walks);
}

int CallNext(void* trial) {
  auto* t = static_cast<Trial*>(trial);
  t->calls = {1, 0};
  Next(t);
  return 0;
}

// The two libraries have the same code at the same offsets, but for one frame's
// size; the second is mostly loaded where the first was.
TEST_F(WalkMemoTest, AReplacedModuleIsNoticed) {
  for (int round = 0; round < 40; ++round) {
    void* plugin = dlopen(round % 2 == 0 ? PLUGIN_A : PLUGIN_B, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(plugin, nullptr) << dlerror();
    auto* calls = reinterpret_cast<int (*)(int (*)(void*), void*)>(dlsym(plugin, "PluginCalls"));
    for (int i = 0; i < 20; ++i) calls(CallNext, &trial_);
    dlclose(plugin);
  }
  EXPECT_GT(trial_.same, 400);
}

}  // namespace
}  // namespace pprofagent::hot
