// SPDX-License-Identifier: Apache-2.0
//
// Many threads walk while libraries come and go and share one cache of rules.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "agent/hot/unwind/module_lookup.h"
#include "agent/hot/unwind/rule_cache.h"
#include "tests/unit/agent/hot/unwind/walks.h"

namespace pprofagent::hot {
namespace {

struct Caller {
  StackBounds bounds;
  Walk walk;
};

OPAQUE int WalkFromPlugin(void* data) {
  auto* caller = static_cast<Caller*>(data);
  WalkFromCaller(caller->bounds, &caller->walk);
  asm volatile("" ::: "memory");
  return 1;
}

bool HasPluginAndEnds(const Walk& walk, const void* plugin_function) {
  const auto function = reinterpret_cast<uintptr_t>(plugin_function);
  return walk.end == WalkEnd::kOutermost && walk.depth > 3 &&
         FrameAddress(walk.pcs[1]) >= function && FrameAddress(walk.pcs[1]) < function + 256;
}

// Each thread loads a build of the plugin, walks from inside it and unloads it
// again. As builds and addresses alternate, a stale rule would send a walk astray.
TEST(ConcurrencyTest, WalksAreRightWhileLibrariesComeAndGo) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer does not see the loader's lock and reports the loader";
#endif
  InitializeUnwinder(UnwinderBackend::kAuto);
  constexpr int kThreads = 4;
  constexpr int kRounds = 1500;
  std::atomic<long> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, &wrong] {
      auto caller = std::make_unique<Caller>();
      caller->bounds = ThisThreadsStack();
      for (int round = 0; round < kRounds; ++round) {
        void* plugin = dlopen((t + round) % 2 == 0 ? PLUGIN_A : PLUGIN_B, RTLD_NOW | RTLD_LOCAL);
        void* function = dlsym(plugin, "PluginCalls");
        reinterpret_cast<int (*)(int (*)(void*), void*)>(function)(WalkFromPlugin, caller.get());
        if (!HasPluginAndEnds(caller->walk, function)) ++wrong;
        dlclose(plugin);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0) << "of " << kThreads * kRounds;
}

// Writers of different rules to the same entries; a rule that is found must be
// the one written for what is looked for.
TEST(ConcurrencyTest, TheCacheNeverGivesAnothersRule) {
  constexpr uint64_t kModule = 0x123456789abcdef1;
  constexpr int kThreads = 4;
  constexpr uintptr_t kPcs = 64;
  // So far apart that many share an entry, which has room for one.
  const auto pc_of = [](uintptr_t i) { return 0x7f0000000000 + i * 0x10000; };
  const auto rule_of = [](uintptr_t pc) { return (pc << 8) | 1; };
  std::atomic<long> wrong{0};
  std::atomic<long> found{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 200000; ++round) {
        const uintptr_t pc = pc_of(static_cast<uintptr_t>(round * 7 + t) % kPcs);
        if (const PackedRule rule = FindCachedRule(pc, kModule)) {
          ++found;
          if (rule != rule_of(pc)) ++wrong;
        }
        CacheRule(pc, kModule, rule_of(pc));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace pprofagent::hot
