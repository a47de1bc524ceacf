// SPDX-License-Identifier: Apache-2.0
//
// Registers and stacks that are not what they should be give a short walk and
// never a fault. Seeds are fixed, so that a failure can be had again.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <memory>
#include <random>
#include <vector>

#include "agent/hot/unwind/module_lookup.h"
#include "tests/unit/agent/hot/unwind/walks.h"

namespace pprofagent::hot {
namespace {

class GarbageTest : public testing::TestWithParam<UnwinderBackend> {
 protected:
  static constexpr size_t kPage = 4096;
  static constexpr size_t kStack = 16 * kPage;

  void SetUp() override {
    InitializeUnwinder(GetParam());
    // Readable pages with an unreadable one below, above and in the middle.
    stack_ = static_cast<uint8_t*>(
        mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(stack_, kPage, PROT_NONE);
    mprotect(stack_ + kStack / 2, kPage, PROT_NONE);
    mprotect(stack_ + kStack - kPage, kPage, PROT_NONE);
    walk_ = std::make_unique<Walk>();
  }

  void TearDown() override { munmap(stack_, kStack); }

  uintptr_t At(size_t offset) const { return reinterpret_cast<uintptr_t>(stack_) + offset; }

  // Something that a register may hold: near the stack, in code, or nonsense.
  uintptr_t AnyWord() {
    switch (random_() % 6) {
      case 0:
        return random_();
      case 1:
        return random_() % 0x10000;
      case 2:
        return At(random_() % kStack);
      case 3:
        return At(random_() % kStack) & ~uintptr_t{7};
      case 4:
        return reinterpret_cast<uintptr_t>(&malloc) + random_() % 100000;
      default:
        return reinterpret_cast<uintptr_t>(&ThisThreadsStack) + random_() % 100000;
    }
  }

  void FillStack() {
    for (size_t page = kPage; page < kStack - kPage; page += kPage) {
      if (page == kStack / 2) continue;
      auto* words = reinterpret_cast<uintptr_t*>(stack_ + page);
      for (size_t i = 0; i < kPage / sizeof(uintptr_t); ++i) words[i] = AnyWord();
    }
  }

  void ExpectEnds(const Registers& start, PcKind kind, const StackBounds& bounds) {
    Frames frames{};
    frames.pcs = walk_->pcs;
    frames.capacity = kMostFrames;
    Unwind(start, kind, bounds, UnwindContext::kSignal, &frames);
    ASSERT_GE(frames.depth, 1u);
    ASSERT_LE(frames.depth, kMostFrames);
    ASSERT_EQ(frames.truncated, frames.end == WalkEnd::kTruncated);
  }

  uint8_t* stack_ = nullptr;
  std::unique_ptr<Walk> walk_;
  std::mt19937_64 random_{12345};
};

TEST_P(GarbageTest, AnyRegistersOnAnyStack) {
  for (int round = 0; round < 200; ++round) {
    FillStack();
    for (int i = 0; i < 200; ++i) {
      Registers start{.pc = AnyWord(), .sp = AnyWord(), .bp = AnyWord(), .bx = AnyWord()};
      if (random_() % 4 == 0) start.context = AnyWord();
      const PcKind kind = random_() % 2 == 0 ? PcKind::kExact : PcKind::kReturnAddress;
      ExpectEnds(start, kind, {0, 0});
    }
  }
}

TEST_P(GarbageTest, KnownBoundsWithAGarbageFramePointer) {
  const StackBounds bounds{At(kPage), At(kStack / 2)};
  for (int round = 0; round < 200; ++round) {
    FillStack();
    for (int i = 0; i < 200; ++i) {
      const uintptr_t sp = At(kPage + random_() % (kStack / 2 - kPage)) & ~uintptr_t{7};
      ExpectEnds({.pc = AnyWord(), .sp = sp, .bp = AnyWord(), .bx = AnyWord()}, PcKind::kExact,
                 bounds);
    }
  }
}

TEST_P(GarbageTest, ExtremeValues) {
  constexpr uintptr_t kExtremes[] = {0,
                                     1,
                                     7,
                                     8,
                                     0xfff,
                                     0x7fffffffffff,
                                     0x7ffffffffff8,
                                     0x800000000000,
                                     0xffff800000000000,
                                     UINTPTR_MAX - 15,
                                     UINTPTR_MAX - 7,
                                     UINTPTR_MAX};
  for (const uintptr_t pc : kExtremes) {
    for (const uintptr_t sp : kExtremes) {
      for (const uintptr_t bp : kExtremes) {
        const Registers start{.pc = pc, .sp = sp, .bp = bp, .bx = bp, .context = sp};
        ExpectEnds(start, PcKind::kExact, {0, 0});
        ExpectEnds(start, PcKind::kReturnAddress, {0, 0});
      }
    }
  }
}

// Frames that point at each other.
TEST_P(GarbageTest, ACycleOfFramesEnds) {
  auto* words = reinterpret_cast<uintptr_t*>(stack_ + kPage);
  words[0] = At(kPage + 16);
  words[1] = 0x123456789000;
  words[2] = At(kPage);
  words[3] = 0x123456789000;
  ExpectEnds({.pc = 0x123456789000, .sp = At(kPage), .bp = At(kPage)}, PcKind::kExact, {0, 0});
  EXPECT_LE(walk_->depth, 3u);
}

INSTANTIATE_TEST_SUITE_P(Backends, GarbageTest,
                         testing::Values(UnwinderBackend::kAuto, UnwinderBackend::kFramePointers),
                         [](const auto& backend) {
                           return backend.param == UnwinderBackend::kAuto ? "Auto"
                                                                          : "FramePointers";
                         });

}  // namespace
}  // namespace pprofagent::hot
