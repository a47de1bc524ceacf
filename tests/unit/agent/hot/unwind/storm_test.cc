// SPDX-License-Identifier: Apache-2.0
//
// Everything that makes an unwinder's life hard, in one process with the engines
// linked in: libraries come and go, exceptions fly, threads come and go, every
// allocation is recorded and CPU samples come 4000 times a second, in sessions
// that begin and end. What tests/programs/storm.cc does to the agent as it is
// preloaded, this does to those parts of it that can be built with a sanitizer.
// PPROFAGENT_STORM_SECONDS=60 makes it a long one.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "agent/hot/engine/cpu.h"
#include "agent/hot/engine/lifecycle.h"
#include "agent/hot/hooks.h"
#include "agent/hot/snapshot.h"

namespace pprofagent::hot {
namespace {

std::chrono::seconds Length() {
  const char* seconds = getenv("PPROFAGENT_STORM_SECONDS");
  return std::chrono::seconds(seconds != nullptr ? atoi(seconds) : 2);
}

std::atomic<bool> stop{false};
std::atomic<long> wrong{0};
std::atomic<long> rounds{0};

template <typename Round>
void Repeat(const Round& round) {
  while (!stop.load(std::memory_order_relaxed)) {
    if (!round()) ++wrong;
    ++rounds;
  }
}

// What the interposers of malloc and free do.
[[gnu::noinline]] void* Allocate(size_t size) {
  void* block = malloc(size);
  const auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const Registers caller = {.pc = reinterpret_cast<uintptr_t>(__builtin_return_address(0)),
                            .sp = frame + 16,
                            .bp = *reinterpret_cast<const uintptr_t*>(frame)};
  if (!CountAllocation(size)) BlockAllocated(block, size, caller);
  return block;
}

void Free(void* block) {
  if (MayBeKnown(block)) BlockFreed(block);
  free(block);
}

[[gnu::noinline]] size_t Throw(int depth, size_t value) {
  const std::string held(30 + static_cast<size_t>(depth), 'x');
  if (depth == 0) throw std::runtime_error(std::to_string(value));
  return Throw(depth - 1, value) + held.size();
}

bool ThrowAndCatch() {
  static std::atomic<size_t> last{0};
  const size_t value = ++last;
  try {
    Throw(static_cast<int>(value % 40), value);
  } catch (const std::runtime_error& error) {
    return std::stoul(error.what()) == value;
  }
  return false;
}

int AllocateBehindPlugin(void*) {
  for (size_t size = 1; size < 20; ++size) Free(Allocate(size));
  return 1;
}

bool LoadAndUnload(const char* path) {
  void* plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) return false;
  void* function = dlsym(plugin, "PluginCalls");
  reinterpret_cast<int (*)(int (*)(void*), void*)>(function)(AllocateBehindPlugin, nullptr);
  return dlclose(plugin) == 0;
}

bool StartThreads() {
  std::vector<std::thread> threads;
  std::atomic<int> caught{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&caught] {
      void* block = Allocate(1000);
      if (ThrowAndCatch()) ++caught;
      Free(block);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return caught == 4;
}

bool RunSession() {
  if (StartCpuEngine(4000) != CpuStart::kOk) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  StopCpuEngine();
  return true;
}

struct HeapTotals {
  int64_t allocated = 0;
  int64_t in_use = 0;
};

HeapTotals ReadHeap() {
  HeapTotals totals;
  VisitHeap(
      [](void* context, const HeapSample& sample) {
        auto& sum = *static_cast<HeapTotals*>(context);
        sum.allocated += sample.alloc_objects;
        sum.in_use += sample.inuse_objects;
      },
      &totals);
  return totals;
}

int64_t CpuTime() {
  int64_t total = 0;
  VisitCpu([](void* sum, const CpuSample& s) { *static_cast<int64_t*>(sum) += s.nanoseconds; },
           &total);
  return total;
}

// A profile that is written meanwhile.
bool ReadEverything() {
  const bool grows = ReadHeap().allocated >= 0 && CpuTime() >= 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return grows;
}

TEST(StormTest, IsSurvived) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer does not see the loader's lock and reports the loader";
#endif
  InitializeHot(
      HotOptions{.heap_rate = 1, .stack_depth = 64, .agent_text_begin = 0, .agent_text_end = 0});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([] { Repeat(ThrowAndCatch); });
  for (const char* path : {PLUGIN_A, PLUGIN_B}) {
    threads.emplace_back([path] { Repeat([path] { return LoadAndUnload(path); }); });
  }
  threads.emplace_back([] { Repeat(StartThreads); });
  threads.emplace_back([] { Repeat(ReadEverything); });
  threads.emplace_back([] { Repeat(RunSession); });
  std::this_thread::sleep_for(Length());
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0) << "of " << rounds;
  const HeapTotals heap = ReadHeap();
  EXPECT_GT(heap.allocated, 0);
  EXPECT_EQ(heap.in_use, 0);
  EXPECT_GT(CpuTime(), 0);
}

}  // namespace
}  // namespace pprofagent::hot
