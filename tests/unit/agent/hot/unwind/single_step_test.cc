// SPDX-License-Identifier: Apache-2.0
//
// At every instruction of functions compiled with gcc and clang, from -O0 to
// -O3, with and without frame pointers, and of what they call in libc, the
// unwinder finds what libunwind finds. Ours always ends in the frames that called
// the function; the two may differ only where libunwind's walk does not, or has
// frames that are no code (it looks callers up by their return address, and goes
// wrong after a call that ends its function).
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "agent/service/symbol/debug_frame.h"
#include "tests/unit/agent/hot/unwind/single_step.h"
#include "tests/unit/agent/hot/unwind/walks.h"

#define STEPPED(name) extern "C" int name(int);
#include "stepped_entries.inc"
#undef STEPPED

namespace pprofagent::hot {
namespace {

// Filled in by the handler, which must not allocate.
struct Observation {
  StackBounds bounds;
  Walk tail;  // of the function that steps
  bool has_tail;
  Walk ours;
  Walk theirs;
  long instructions;
  long ours_wrong;    // not ending in the tail
  long differences;   // from libunwind, where its walk ends in the tail
  long theirs_wrong;  // libunwind's walks that are wrong
  Walk wrong;
  Walk different_ours;
  Walk different_theirs;
};
Observation* g_seen = nullptr;

// The frames from StepThrough on are the same all the time: the first
// observation is inside it, and its own frame moves on.
void Observe(void* interrupted) {
  Observation& seen = *g_seen;
  WalkByUs(interrupted, seen.bounds, &seen.ours);
  WalkByLibunwind(interrupted, &seen.theirs);
  if (!seen.has_tail) {
    seen.has_tail = true;
    seen.tail.depth = seen.theirs.depth - 1;
    memcpy(seen.tail.pcs, seen.theirs.pcs + 1, seen.tail.depth * sizeof(uintptr_t));
  }
  ++seen.instructions;
  const bool ours_right = EndsWith(seen.ours, seen.tail);
  const bool theirs_right = EndsWith(seen.theirs, seen.tail) && AllInModules(seen.theirs);
  if (!ours_right && seen.ours_wrong++ == 0) seen.wrong = seen.ours;
  if (!theirs_right) ++seen.theirs_wrong;
  if (theirs_right && !Same(seen.ours, seen.theirs) && seen.differences++ == 0) {
    seen.different_ours = seen.ours;
    seen.different_theirs = seen.theirs;
  }
}

struct Stepped {
  const char* name;
  int (*entry)(int);
};

void PrintTo(const Stepped& stepped, std::ostream* out) { *out << stepped.name; }

class SingleStepTest : public testing::TestWithParam<Stepped> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(LoadOracle()) << dlerror();
    InitializeUnwinder(UnwinderBackend::kAuto);
    service::LoadWantedDebugFrames();
    seen_ = std::make_unique<Observation>();
    seen_->bounds = ThisThreadsStack();
    g_seen = seen_.get();
  }

  enum class Oracle { kLibunwind, kNone };
  void ExpectRightEverywhere(long at_least, Oracle oracle = Oracle::kLibunwind) {
    RecordProperty("instructions", std::to_string(seen_->instructions));
    RecordProperty("libunwind_wrong", std::to_string(seen_->theirs_wrong));
    EXPECT_GE(seen_->instructions, at_least);
    EXPECT_EQ(seen_->ours_wrong, 0) << "of " << seen_->instructions << ", the first is\n"
                                    << Describe(seen_->wrong) << "and should end in\n"
                                    << Describe(seen_->tail);
    if (oracle == Oracle::kNone) return;
    EXPECT_EQ(seen_->differences, 0) << "of " << seen_->instructions << ", the first is\n"
                                     << Describe(seen_->different_ours) << "libunwind:\n"
                                     << Describe(seen_->different_theirs);
  }

  std::unique_ptr<Observation> seen_;
};

int (*g_entry)(int) = nullptr;
long CallEntry(long argument) { return g_entry(static_cast<int>(argument)); }

TEST_P(SingleStepTest, AgreesWithLibunwindAtEveryInstruction) {
  g_entry = GetParam().entry;
  const long bare = CallEntry(7);
  const long stepped = StepThrough(CallEntry, 7, Observe);
  // Of .debug_frame libunwind makes nothing, it guesses and leaves frames out.
  const bool only_debug_frame = strstr(GetParam().name, "debug_frame") != nullptr;
  ExpectRightEverywhere(500, only_debug_frame ? Oracle::kNone : Oracle::kLibunwind);
  static_cast<void>(bare);
  static_cast<void>(stepped);
}

#define STEPPED(name) Stepped{#name, name},
constexpr Stepped kStepped[] = {
#include "stepped_entries.inc"
};
#undef STEPPED

INSTANTIATE_TEST_SUITE_P(Builds, SingleStepTest, testing::ValuesIn(kStepped),
                         [](const auto& build) { return std::string(build.param.name); });

using SteppedLibraryTest = SingleStepTest;

long ReadClocks(long) {
  timespec now{};
  timeval day{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  gettimeofday(&day, nullptr);
  return static_cast<long>(time(nullptr));
}

TEST_F(SteppedLibraryTest, InTheVdso) {
  StepThrough(ReadClocks, 0, Observe);
  ExpectRightEverywhere(50);
}

// The library is not bound: each first call goes through the loader's resolver.
long CallLazily(long library) {
  auto* handle = reinterpret_cast<void*>(library);
  auto* function = reinterpret_cast<int (*)(int)>(dlsym(handle, "PluginCallsOut"));
  return function(3);
}

TEST_F(SteppedLibraryTest, InLazyBinding) {
  void* plugin = dlopen(PLUGIN_LAZY, RTLD_LAZY | RTLD_LOCAL);
  ASSERT_NE(plugin, nullptr) << dlerror();
  StepThrough(CallLazily, reinterpret_cast<long>(plugin), Observe);
  ExpectRightEverywhere(500);
  dlclose(plugin);
}

void IgnoreUser(int) {}

// raise() would block SIGTRAP for a moment, and a trap then kills.
long RaiseAndReturn(long) {
  syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
  return 0;
}

TEST_F(SteppedLibraryTest, ThroughASignalHandlerAndItsReturn) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = IgnoreUser;
  sigaction(SIGUSR1, &action, &before);
  StepThrough(RaiseAndReturn, 0, Observe);
  sigaction(SIGUSR1, &before, nullptr);
  ExpectRightEverywhere(20);
}

long Print(long) {
  char text[256];
  double value = 0;
  snprintf(text, sizeof(text), "%s %5.3f %ld", "text", 3.25, 1234567L);
  return sscanf(text, "%*s %lf", &value) + static_cast<long>(value);
}

TEST_F(SteppedLibraryTest, InFormattedInputAndOutput) {
  StepThrough(Print, 0, Observe);
  ExpectRightEverywhere(1000);
}

long ThrowAndCatch(long) {
  try {
    throw 1;
  } catch (int value) {
    return value;
  }
}

TEST_F(SteppedLibraryTest, WithAnExceptionInFlight) {
  ThrowAndCatch(0);
  StepThrough(ThrowAndCatch, 0, Observe);
  // Where it lands libunwind goes wrong (thrown_test.cc).
  ExpectRightEverywhere(1000, Oracle::kNone);
}

}  // namespace
}  // namespace pprofagent::hot
