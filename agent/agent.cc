// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <string_view>

#include "agent/hot/controls.h"
#include "agent/hot/engine/lifecycle.h"
#include "agent/hot/engine/requests.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/real.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/unwind/unwinder.h"
#include "agent/service/api/api.h"
#include "agent/service/options/glob.h"
#include "agent/service/service.h"

// The agent's own code, from the linker.
extern "C" char __ehdr_start[] __attribute__((visibility("hidden")));
extern "C" char etext[] __attribute__((visibility("hidden")));

namespace pprofagent {

namespace {

// The process for which the agent is active; 0: for none. A child of vfork
// shares our memory but not our pid, and must leave everything alone.
constinit std::atomic<long> g_active_pid{0};

// The service part has begun.
constinit std::atomic<bool> g_serving{false};

// What the option FOLLOW says; null: all programs.
constinit std::atomic<const std::vector<std::string>*> g_followed{nullptr};

constinit std::atomic<const char*> g_file_name{"libpprofagent.so"};

class ErrnoKept {
 public:
  ErrnoKept() : saved_(errno) {}
  ~ErrnoKept() { errno = saved_; }
  ErrnoKept(const ErrnoKept&) = delete;
  ErrnoKept& operator=(const ErrnoKept&) = delete;

 private:
  const int saved_;
};

hot::UnwinderBackend BackendOf(service::UnwinderChoice choice) {
  switch (choice) {
    case service::UnwinderChoice::kFramePointers:
      return hot::UnwinderBackend::kFramePointers;
    case service::UnwinderChoice::kLibunwind:
      return hot::UnwinderBackend::kLibunwind;
    case service::UnwinderChoice::kAuto:
      break;
  }
  return hot::UnwinderBackend::kAuto;
}

const char* NameOf(hot::UnwinderBackend backend) {
  switch (backend) {
    case hot::UnwinderBackend::kFramePointers:
      return "fp";
    case hot::UnwinderBackend::kLibunwind:
      return "libunwind";
    case hot::UnwinderBackend::kAuto:
      break;
  }
  return "cfi, fp";
}

// A sanitizer is the allocator, holds the signals and checks what everybody
// reads; it and the agent would only stand in each other's way.
bool IsSanitized() {
  for (const char* name : {"__asan_init", "__hwasan_init", "__msan_init", "__tsan_init"}) {
    if (dlsym(RTLD_DEFAULT, name) != nullptr) return true;
  }
  return false;
}

// Valgrind and rr, by the libraries that they preload: they run one thread at a time,
// or record what each did, and report what the agent leaves to the end of the process
// as if it were the program's.
bool IsRunByATool(const char* const* environment) {
  constexpr std::string_view kPreload = "LD_PRELOAD=";
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    if (!variable.starts_with(kPreload)) continue;
    return variable.find("/vgpreload_") != variable.npos ||
           variable.find("librrpreload") != variable.npos;
  }
  return false;
}

void ReadFollow(const service::Options& options) {
  const std::vector<std::string>& followed = options.follow;
  if (std::find(followed.begin(), followed.end(), "*") != followed.end()) return;
  Dl_info own{};
  if (dladdr(__ehdr_start, &own) != 0 && own.dli_fname != nullptr) {
    const char* slash = strrchr(own.dli_fname, '/');
    g_file_name.store(slash != nullptr ? slash + 1 : own.dli_fname, std::memory_order_relaxed);
  }
  g_followed.store(&followed, std::memory_order_release);
}

// Between the two, nothing is recorded on this thread: what other fork handlers
// lock and unlock in the child is waited for by threads of the parent.
void ForkBegins() { hot::SuspendRecording(); }
void ForkedInParent() { hot::ResumeRecording(); }

void ForkedInChild() {
  hot::ResumeRecording();
  if (g_active_pid.load(std::memory_order_relaxed) == 0) return;
  const ErrnoKept errno_kept;
  if (hot::ForkedInHandler()) {
    g_active_pid.store(0, std::memory_order_relaxed);
    hot::SleepForEver();
    return;
  }
  g_active_pid.store(hot::RawSyscall(SYS_getpid), std::memory_order_relaxed);
  hot::HotAfterFork();
  const hot::Unrecorded unrecorded;
  service::AfterForkInChild();
}

}  // namespace

namespace {

void Begin(const char* const* environment) {
  hot::ResolveRealFunctions();
  const hot::Unrecorded unrecorded;
  const service::Options& options = service::ReadOptions(environment);
  if (!service::ActiveIn(options) || IsSanitized() || IsRunByATool(environment)) return;
  const hot::UnwinderBackend backend = hot::InitializeUnwinder(BackendOf(options.unwinder));
  hot::InitializeHot(hot::HotOptions{
      .heap_rate = options.heap_rate,
      .mutex_fraction = options.mutex_fraction,
      .block_rate = options.block_rate,
      .block_io = options.block_io,
      .stack_depth = options.stack_depth,
      .perf_events = options.cpu_engine == service::CpuEngineChoice::kPerf,
      .memory_trace = options.memtrace_ns > 0,
      .agent_text_begin = reinterpret_cast<uintptr_t>(__ehdr_start),
      .agent_text_end = reinterpret_cast<uintptr_t>(etext),
  });
  g_active_pid.store(hot::RawSyscall(SYS_getpid), std::memory_order_relaxed);
  pthread_atfork(ForkBegins, ForkedInParent, ForkedInChild);
  service::Start(service::StartInfo{
      .pthread_create = hot::g_real_other.pthread_create,
      .unwinder = NameOf(backend),
  });
  ReadFollow(options);
  g_serving.store(true, std::memory_order_release);
}

}  // namespace

void ProcessBegins(const char* const* environment) {
  const ErrnoKept errno_kept;
  Begin(environment);
  // Options such as HTTP want it from the start, and a program that never
  // allocates gives no other occasion.
  hot::StartHelperIfWanted();
}

void ProcessEnds() {
  if (g_active_pid.load(std::memory_order_relaxed) == 0 || hot::IsSandboxed()) return;
  const ErrnoKept errno_kept;
  const hot::Unrecorded unrecorded;
  service::AtExit();
}

bool FollowsAll() { return g_followed.load(std::memory_order_acquire) == nullptr; }

bool Follows(const char* program) {
  const std::vector<std::string>* followed = g_followed.load(std::memory_order_acquire);
  if (followed == nullptr || program == nullptr) return true;
  std::string_view name = program;
  name.remove_prefix(name.rfind('/') + 1);
  return std::any_of(followed->begin(), followed->end(), [name](const std::string& pattern) {
    return service::GlobMatches(pattern, name);
  });
}

const char* AgentFileName() { return g_file_name.load(std::memory_order_relaxed); }

const pprofagent_api* ProgramInterface(uint32_t abi) {
  if (abi != PPROFAGENT_ABI || !g_serving.load(std::memory_order_acquire)) return nullptr;
  return &service::ApiTable();
}

}  // namespace pprofagent
