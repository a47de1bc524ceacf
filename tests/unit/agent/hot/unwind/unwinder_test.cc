// SPDX-License-Identifier: Apache-2.0
//
// Walks over chains of calls that the test itself has made.
#include "agent/hot/unwind/unwinder.h"

#include <dlfcn.h>
#include <errno.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <memory>
#include <random>
#include <thread>

#include "tests/unit/agent/hot/unwind/walks.h"

// Named functions: seen by dladdr, not merged, not inlined, not tail-called.
#define CHAIN extern "C" OPAQUE __attribute__((visibility("default")))
#define NOT_A_TAIL_CALL asm volatile("" ::: "memory")

namespace pprofagent::hot {
namespace {

StackBounds g_bounds;
Walk g_walk;
uint32_t g_capacity = kMostFrames;

}  // namespace

CHAIN void ChainEnd() {
  WalkFromCaller(g_bounds, &g_walk, g_capacity);
  NOT_A_TAIL_CALL;
}

CHAIN void ChainRecursive(int depth) {
  if (depth > 1) {
    ChainRecursive(depth - 1);
  } else {
    ChainEnd();
  }
  NOT_A_TAIL_CALL;
}

CHAIN void ChainVariable(size_t size) {
  auto* bytes = static_cast<volatile char*>(__builtin_alloca(size));
  bytes[0] = 1;
  bytes[size - 1] = 1;
  ChainEnd();
  NOT_A_TAIL_CALL;
}

CHAIN void ChainHuge() {
  volatile char bytes[3 << 20];
  bytes[0] = 1;
  bytes[sizeof(bytes) - 1] = 1;
  ChainEnd();
  NOT_A_TAIL_CALL;
}

#if defined(__clang__)
#define OMIT_FRAME_POINTER  // clang decides for a whole file
#else
#define OMIT_FRAME_POINTER __attribute__((optimize("omit-frame-pointer")))
#endif
CHAIN OMIT_FRAME_POINTER int ChainWithoutFramePointer(int a) {
  volatile int words[20] = {a};
  ChainEnd();
  return words[0];
}

CHAIN __attribute__((noreturn)) void ChainLeaves(void* back) {
  ChainEnd();
  __builtin_longjmp(static_cast<void**>(back), 1);
}

// Nothing comes after the call: its return address is the next function's.
CHAIN __attribute__((noreturn)) void ChainEndsInCall(void* back) { ChainLeaves(back); }

CHAIN void ChainLandsBack() {
  void* back[5];
  if (__builtin_setjmp(back) == 0) ChainEndsInCall(back);
}

CHAIN int ChainFromPlugin(void*) {
  ChainEnd();
  return 1;
}

CHAIN void* ChainThread(void*) {
  g_bounds = ThisThreadsStack();
  ChainEnd();
  return nullptr;
}

CHAIN void ChainCoroutine() {
  ChainEnd();
  NOT_A_TAIL_CALL;
}

namespace {

class UnwinderTest : public testing::Test {
 protected:
  void SetUp() override {
    InitializeUnwinder(UnwinderBackend::kAuto);
    g_bounds = ThisThreadsStack();
    g_capacity = kMostFrames;
  }

  static void ExpectBegins(const std::vector<std::string>& names) {
    std::vector<std::string> found = Names(g_walk);
    found.resize(std::min(found.size(), names.size()));
    EXPECT_EQ(found, names) << Describe(g_walk);
  }

  static void ExpectReachesOutermost(const char* last) {
    EXPECT_EQ(g_walk.end, WalkEnd::kOutermost) << Describe(g_walk);
    EXPECT_FALSE(g_walk.truncated);
    EXPECT_EQ(Names(g_walk).back(), last) << Describe(g_walk);
  }
};

TEST_F(UnwinderTest, ReachesTheStartOfTheProgram) {
  ChainEnd();
  ExpectBegins({"ChainEnd"});
  ExpectReachesOutermost("_start");
}

TEST_F(UnwinderTest, StoresAddressesInsideTheCalls) {
  ChainWithoutFramePointer(1);
  ASSERT_GE(g_walk.depth, 2u);
  Dl_info info{};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(g_walk.pcs[1]), &info), 0);
  EXPECT_STREQ(info.dli_sname, "ChainWithoutFramePointer");
  // The last byte of a direct call's five.
  EXPECT_EQ(*reinterpret_cast<const uint8_t*>(g_walk.pcs[1] - 4), 0xe8);
}

TEST_F(UnwinderTest, FollowsDeepRecursion) {
  ChainRecursive(900);
  const std::vector<std::string> names = Names(g_walk);
  EXPECT_EQ(std::count(names.begin(), names.end(), "ChainRecursive"), 900);
  ExpectReachesOutermost("_start");
}

TEST_F(UnwinderTest, MarksTruncation) {
  g_capacity = 100;
  ChainRecursive(500);
  EXPECT_EQ(g_walk.depth, 100u);
  EXPECT_TRUE(g_walk.truncated);
  EXPECT_EQ(g_walk.end, WalkEnd::kTruncated);
}

TEST_F(UnwinderTest, DoesNotMarkAWalkThatJustFits) {
  ChainEnd();
  g_capacity = g_walk.depth;
  ChainEnd();
  EXPECT_EQ(g_walk.depth, g_capacity);
  EXPECT_FALSE(g_walk.truncated);
  ExpectReachesOutermost("_start");
}

TEST_F(UnwinderTest, TakesNoFrameWhereThereIsNoRoom) {
  g_capacity = 0;
  ChainEnd();
  EXPECT_EQ(g_walk.depth, 0u);
  EXPECT_TRUE(g_walk.truncated);
}

TEST_F(UnwinderTest, CrossesVariableFrames) {
  for (const size_t size : {1u, 100u, 5000u, 1u << 20}) {
    ChainVariable(size);
    ExpectBegins({"ChainEnd", "ChainVariable"});
    ExpectReachesOutermost("_start");
  }
}

TEST_F(UnwinderTest, CrossesAFrameOfMegabytes) {
  ChainHuge();
  ExpectBegins({"ChainEnd", "ChainHuge"});
  ExpectReachesOutermost("_start");
}

TEST_F(UnwinderTest, CrossesFramesWithoutFramePointer) {
  ChainWithoutFramePointer(1);
  ExpectBegins({"ChainEnd", "ChainWithoutFramePointer"});
  ExpectReachesOutermost("_start");
}

TEST_F(UnwinderTest, CrossesACallThatEndsItsFunction) {
  ChainLandsBack();
  ExpectBegins({"ChainEnd", "ChainLeaves", "ChainEndsInCall", "ChainLandsBack"});
  ExpectReachesOutermost("_start");
}

TEST_F(UnwinderTest, CrossesLibraries) {
  void* plugin = dlopen(PLUGIN_A, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(plugin, nullptr) << dlerror();
  auto* calls = reinterpret_cast<int (*)(int (*)(void*), void*)>(dlsym(plugin, "PluginCalls"));
  calls(ChainFromPlugin, nullptr);
  ExpectBegins({"ChainEnd", "ChainFromPlugin", "PluginCalls"});
  ExpectReachesOutermost("_start");
  dlclose(plugin);
}

// Two builds of one library, loaded one after the other at the same address,
// whose only difference is the size of a frame.
TEST_F(UnwinderTest, DoesNotApplyTheRulesOfAnUnloadedLibrary) {
  const void* places[4];
  for (int i = 0; i < 4; ++i) {
    void* plugin = dlopen(i % 2 == 0 ? PLUGIN_A : PLUGIN_B, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(plugin, nullptr) << dlerror();
    places[i] = dlsym(plugin, "PluginCalls");
    auto* calls = reinterpret_cast<int (*)(int (*)(void*), void*)>(const_cast<void*>(places[i]));
    calls(ChainFromPlugin, nullptr);
    ExpectBegins({"ChainEnd", "ChainFromPlugin", "PluginCalls"});
    ExpectReachesOutermost("_start");
    dlclose(plugin);
  }
  EXPECT_EQ(places[0], places[1]) << "the test shows nothing: the addresses differ";
}

TEST_F(UnwinderTest, EndsAtTheStartOfAThread) {
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, nullptr, ChainThread, nullptr), 0);
  pthread_join(thread, nullptr);
  ExpectBegins({"ChainEnd", "ChainThread"});
  EXPECT_EQ(g_walk.end, WalkEnd::kOutermost);
  // Above are start_thread and clone, and perhaps a sanitizer's function.
  EXPECT_GE(g_walk.depth, 4u) << Describe(g_walk);
  EXPECT_LE(g_walk.depth, 5u) << Describe(g_walk);
}

TEST_F(UnwinderTest, WorksWhereBoundsAreUnknown) {
  ChainEnd();
  const Walk known = g_walk;
  g_bounds = {0, 0};
  ChainEnd();
  EXPECT_EQ(g_walk.end, WalkEnd::kOutermost);
  EXPECT_EQ(g_walk.depth, known.depth);
}

TEST_F(UnwinderTest, EndsAtTheStartOfACoroutine) {
  constexpr size_t kSize = 64 << 10;
  void* stack = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ucontext_t here;
  ucontext_t there;
  getcontext(&there);
  there.uc_stack = {.ss_sp = stack, .ss_flags = 0, .ss_size = kSize};
  there.uc_link = &here;
  makecontext(&there, ChainCoroutine, 0);
  swapcontext(&here, &there);
  ExpectBegins({"ChainEnd", "ChainCoroutine"});
  EXPECT_EQ(g_walk.end, WalkEnd::kOutermost) << Describe(g_walk);
  munmap(stack, kSize);
}

TEST_F(UnwinderTest, LeavesErrnoAlone) {
  g_bounds = {0, 0};  // every page is asked for
  errno = ERANGE;
  ChainEnd();
  EXPECT_EQ(errno, ERANGE);
}

TEST_F(UnwinderTest, FollowsFramePointersOnRequest) {
  EXPECT_EQ(InitializeUnwinder(UnwinderBackend::kFramePointers), UnwinderBackend::kFramePointers);
  ChainRecursive(10);
  const std::vector<std::string> names = Names(g_walk);
  EXPECT_EQ(std::count(names.begin(), names.end(), "ChainRecursive"), 10);
}

TEST_F(UnwinderTest, AsksLibunwindOnRequest) {
  EXPECT_EQ(InitializeUnwinder(UnwinderBackend::kLibunwind), UnwinderBackend::kLibunwind);
  ChainRecursive(10);
  const Walk theirs = g_walk;
  EXPECT_EQ(InitializeUnwinder(UnwinderBackend::kAuto), UnwinderBackend::kAuto);
  ChainRecursive(10);
  // The two calls above return to different places in this function.
  ASSERT_EQ(theirs.depth, g_walk.depth);
  EXPECT_EQ(theirs.end, WalkEnd::kOutermost);
  EXPECT_EQ(Names(theirs), Names(g_walk));
}

TEST_F(UnwinderTest, ReadsTheRegistersOfAContext) {
  ucontext_t context{};
  context.uc_mcontext.gregs[REG_RIP] = 0x1000;
  context.uc_mcontext.gregs[REG_RSP] = 0x2000;
  context.uc_mcontext.gregs[REG_RBP] = 0x3000;
  context.uc_mcontext.gregs[REG_RBX] = 0x4000;
  const Registers registers = RegistersFromContext(&context);
  EXPECT_EQ(registers.pc, 0x1000u);
  EXPECT_EQ(registers.sp, 0x2000u);
  EXPECT_EQ(registers.bp, 0x3000u);
  EXPECT_EQ(registers.bx, 0x4000u);
  EXPECT_EQ(registers.context, reinterpret_cast<uintptr_t>(&context));
}

}  // namespace
}  // namespace pprofagent::hot
