// SPDX-License-Identifier: Apache-2.0
//
// Exceptions, stepped through. As long as one of libgcc's functions that unwind
// for good has its frame, everything outside of it is, at every instruction, what
// it was at that function's first one; in its last instructions it is the landing
// pad and what calls the function that this is in.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>
#include <ucontext.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/agent/hot/unwind/single_step.h"
#include "tests/unit/agent/hot/unwind/walks.h"

#define THROWN(name) extern "C" int name(int);
#include "thrown_entries.inc"
#undef THROWN

namespace pprofagent::hot {
namespace {

// One of libgcc's.
struct Function {
  uintptr_t begin;
  uintptr_t end;
  bool Has(uintptr_t pc) const { return pc >= begin && pc < end; }
};

// One that has a frame now.
struct Entered {
  const Function* function;
  uintptr_t sp;              // at its first instruction: where the return address is
  uintptr_t return_address;  // that is there
  Walk outside;              // callers, at its first instruction
};

// One calls the other at the most.
constexpr int kMostEntered = 3;

// Filled in by the handler, which must not allocate.
struct Observation {
  StackBounds bounds;
  Function functions[4];
  Walk tail;  // of the function that steps
  bool has_tail;
  Entered entered[kMostEntered];
  int depth;
  Walk left;     // the walk of the frame that was left last: what was outside
  Walk landing;  // the last instructions' walk, without themselves
  bool lands;
  Walk ours;
  Walk theirs;
  long instructions;
  long landings;
  long overwritten;  // instructions with another return address in such a frame
  long wrong;
  const char* what;
  Walk first;
  Walk expected;
};
Observation* g_seen = nullptr;

void Note(Observation* seen, const char* what, const Walk& expected) {
  if (seen->wrong++ != 0) return;
  seen->what = what;
  seen->first = seen->ours;
  seen->expected = expected;
}

void WithoutFirst(const Walk& walk, Walk* rest) {
  rest->depth = walk.depth - 1;
  memcpy(rest->pcs, walk.pcs + 1, rest->depth * sizeof(uintptr_t));
}

uintptr_t WordAt(uintptr_t address) { return *reinterpret_cast<const uintptr_t*>(address); }

const Function* FunctionAt(const Observation& seen, uintptr_t pc) {
  for (const Function& function : seen.functions) {
    if (function.Has(pc)) return &function;
  }
  return nullptr;
}

bool IsMoveToStackPointer(uintptr_t pc) {
  return memcmp(reinterpret_cast<const void*>(pc), "\x48\x89\xcc", 3) == 0;
}

void Observe(void* interrupted) {
  Observation& seen = *g_seen;
  const auto registers = RegistersFromContext(interrupted);
  const auto& all = static_cast<const ucontext_t*>(interrupted)->uc_mcontext.gregs;
  WalkByUs(interrupted, seen.bounds, &seen.ours);
  if (!seen.has_tail) {
    // The first observation is inside StepThrough, whose own frame moves on.
    seen.has_tail = true;
    WithoutFirst(seen.ours, &seen.tail);
  }
  ++seen.instructions;
  while (seen.depth > 0 && seen.entered[seen.depth - 1].sp < registers.sp) {
    seen.left = seen.entered[--seen.depth].outside;
  }
  if (!EndsWith(seen.ours, seen.tail)) return Note(&seen, "does not end where it began", seen.tail);

  const Function* function = FunctionAt(seen, registers.pc);
  if (function != nullptr && registers.pc == function->begin) {
    WalkByLibunwind(interrupted, &seen.theirs);
    const bool theirs_right = EndsWith(seen.theirs, seen.tail) && AllInModules(seen.theirs);
    if (theirs_right && !Same(seen.ours, seen.theirs)) {
      return Note(&seen, "is not libunwind's at the first instruction", seen.theirs);
    }
    if (seen.depth == kMostEntered) return Note(&seen, "is too deep for this test", seen.tail);
    Entered& entered = seen.entered[seen.depth++];
    entered.function = function;
    entered.sp = registers.sp;
    entered.return_address = WordAt(registers.sp);
    WithoutFirst(seen.ours, &entered.outside);
    return;
  }
  Entered* const entered = seen.depth > 0 ? &seen.entered[seen.depth - 1] : nullptr;
  if (function != nullptr &&
      (entered == nullptr || entered->function != function || IsMoveToStackPointer(registers.pc))) {
    const bool moves = IsMoveToStackPointer(registers.pc);
    const bool jumps = *reinterpret_cast<const uint8_t*>(registers.pc) == 0xff;
    const auto rcx = static_cast<uintptr_t>(all[REG_RCX]);
    const uintptr_t pad = jumps ? rcx : WordAt(moves ? rcx : registers.sp);
    if (moves) seen.left = seen.entered[--seen.depth].outside;
    WithoutFirst(seen.ours, &seen.landing);
    seen.lands = true;
    Walk callers;
    WithoutFirst(seen.landing, &callers);
    if (seen.landing.pcs[0] != pad || !EndsWith(seen.left, callers) ||
        callers.depth >= seen.left.depth) {
      Note(&seen, "is not a landing pad and its function's callers", seen.left);
    }
    return;
  }
  if (seen.lands) {
    seen.lands = false;
    ++seen.landings;
    if (!Same(seen.ours, seen.landing)) Note(&seen, "lands elsewhere", seen.landing);
  }
  if (entered == nullptr) return;
  if (WordAt(entered->sp) != entered->return_address) ++seen.overwritten;
  const Walk& outside = entered->outside;
  if (!EndsWith(seen.ours, outside) || seen.ours.depth == outside.depth ||
      !entered->function->Has(seen.ours.pcs[seen.ours.depth - outside.depth - 1])) {
    Note(&seen, "is not what it was outside", outside);
  }
}

Function FindInLibgcc(const char* name) {
  void* libgcc = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
  const void* address = libgcc == nullptr ? nullptr : dlsym(libgcc, name);
  Dl_info info{};
  const ElfW(Sym)* symbol = nullptr;
  if (address == nullptr ||
      dladdr1(address, &info, const_cast<void**>(reinterpret_cast<const void**>(&symbol)),
              RTLD_DL_SYMENT) == 0 ||
      symbol == nullptr) {
    return {};
  }
  const auto begin = reinterpret_cast<uintptr_t>(address);
  return {begin, begin + symbol->st_size};
}

struct Thrown {
  const char* name;
  int (*entry)(int);
};

void PrintTo(const Thrown& thrown, std::ostream* out) { *out << thrown.name; }

int (*g_entry)(int) = nullptr;
long CallEntry(long argument) { return g_entry(static_cast<int>(argument)); }

class ThrownTest : public testing::TestWithParam<Thrown> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(LoadOracle()) << dlerror();
    InitializeUnwinder(UnwinderBackend::kAuto);
    seen_ = std::make_unique<Observation>();
    g_seen = seen_.get();
  }

  void Step(int which) {
    *seen_ = {};
    seen_->bounds = ThisThreadsStack();
    int count = 0;
    for (const char* name : {"_Unwind_RaiseException", "_Unwind_Resume", "_Unwind_ForcedUnwind",
                             "_Unwind_Resume_or_Rethrow"}) {
      seen_->functions[count] = FindInLibgcc(name);
      ASSERT_NE(seen_->functions[count++].begin, 0u) << name;
    }
    StepThrough(CallEntry, which, Observe);
  }

  std::unique_ptr<Observation> seen_;
};

TEST_P(ThrownTest, WhatIsOutsideStaysAsItWas) {
  g_entry = GetParam().entry;
  long instructions = 0;
  long overwritten = 0;
  // Once before: symbols are bound.
  for (int which = 0; CallEntry(which) != -1; ++which) {
    SCOPED_TRACE(which);
    Step(which);
    const Observation& seen = *seen_;
    EXPECT_EQ(seen.wrong, 0) << "of " << seen.instructions << ", the first " << seen.what << "\n"
                             << Describe(seen.first) << "expected:\n"
                             << Describe(seen.expected);
    EXPECT_GE(seen.landings, 2);
    EXPECT_GE(seen.overwritten, 20 * seen.landings);
    EXPECT_EQ(seen.depth, 0);
    instructions += seen.instructions;
    overwritten += seen.overwritten;
  }
  RecordProperty("instructions", std::to_string(instructions));
  RecordProperty("overwritten", std::to_string(overwritten));
}

#define THROWN(name) Thrown{#name, name},
constexpr Thrown kThrown[] = {
#include "thrown_entries.inc"
};
#undef THROWN

INSTANTIATE_TEST_SUITE_P(Builds, ThrownTest, testing::ValuesIn(kThrown),
                         [](const auto& build) { return std::string(build.param.name); });

}  // namespace
}  // namespace pprofagent::hot
