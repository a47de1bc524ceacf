// SPDX-License-Identifier: Apache-2.0
#include "agent/service/base/allocator.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "agent/hot/controls.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/clock.h"
#include "agent/service/base/real_time.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kPatienceNs = kSecondNs;
// Much memory takes its time.
constexpr int64_t kReleasePatienceNs = 5 * kSecondNs;

// Null: another allocator's.
struct Functions {
  std::string_view name = "glibc";
  int (*mallctl)(const char*, void*, size_t*, void*, size_t) = nullptr;  // jemalloc
  void (*release_free_memory)() = nullptr;                               // tcmalloc
  void (*mi_collect)(bool) = nullptr;                                    // mimalloc
};
constinit Functions g_functions = {};
constinit ThreadStarter g_start_thread = nullptr;

// The process whose question has not been answered; 0: none. A child forked
// meanwhile has no such thread. Also the futex that is waited on.
constinit std::atomic<pid_t> g_asking = 0;
constinit struct mallinfo2 g_mallinfo = {};

using Question = void (*)();

template <typename Function>
bool Find(const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
  return *function != nullptr;
}

void AskMallinfo() { g_mallinfo = mallinfo2(); }

// libc's own allocator, which others may use all the same, comes last.
void AskForRelease() {
  // 4096: all arenas.
  if (g_functions.mallctl != nullptr) {
    g_functions.mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
  }
  if (g_functions.release_free_memory != nullptr) g_functions.release_free_memory();
  if (g_functions.mi_collect != nullptr) g_functions.mi_collect(true);
  malloc_trim(0);
}

void* AskOnThread(void* question) {
  hot::ExcludeThisThread();
  LeaveRealTime();
  prctl(PR_SET_NAME, "pprofagent");
  reinterpret_cast<Question>(question)();
  g_asking.store(0, std::memory_order_release);
  hot::RawSyscall(SYS_futex, &g_asking, FUTEX_WAKE_PRIVATE, 1);
  return nullptr;
}

bool Ask(Question question, int64_t patience_ns) {
  if (g_start_thread == nullptr) {
    question();
    return true;
  }
  const pid_t process = getpid();
  if (g_asking.load(std::memory_order_acquire) == process) return false;
  g_asking.store(process, std::memory_order_relaxed);
  pthread_t thread;
  if (g_start_thread(AskOnThread, reinterpret_cast<void*>(question), &thread) != 0) {
    g_asking.store(0, std::memory_order_relaxed);
    return false;
  }
  pthread_detach(thread);
  const int64_t until_ns = MonotonicClock() + patience_ns;
  while (g_asking.load(std::memory_order_acquire) == process) {
    const int64_t left_ns = until_ns - MonotonicClock();
    if (left_ns <= 0) return false;
    const timespec left = {left_ns / kSecondNs, left_ns % kSecondNs};
    hot::RawSyscall(SYS_futex, &g_asking, FUTEX_WAIT_PRIVATE, process, &left);
  }
  return true;
}

}  // namespace

void FindAllocator() {
  if (Find("mallctl", &g_functions.mallctl)) {
    g_functions.name = "jemalloc";
  } else if (Find("MallocExtension_ReleaseFreeMemory", &g_functions.release_free_memory)) {
    g_functions.name = "tcmalloc";
  } else if (Find("mi_collect", &g_functions.mi_collect)) {
    g_functions.name = "mimalloc";
  }
}

std::string_view AllocatorName() { return g_functions.name; }

void SetAllocatorThreadStarter(ThreadStarter starter) { g_start_thread = starter; }

std::optional<struct mallinfo2> ReadMallinfo() {
  if (!Ask(AskMallinfo, kPatienceNs)) return std::nullopt;
  return g_mallinfo;
}

bool ReleaseFreeMemory() { return Ask(AskForRelease, kReleasePatienceNs); }

}  // namespace pprofagent::service
