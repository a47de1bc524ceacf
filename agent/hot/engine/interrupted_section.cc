// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/interrupted_section.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include <atomic>
#include <cstdint>

#include "agent/hot/controls.h"
#include "agent/hot/engine/requests.h"
#include "agent/hot/engine/safe_point.h"
#include "agent/hot/engine/task_files.h"
#include "agent/hot/engine/thread.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/task_list.h"
#include "agent/hot/rt/thread_state.h"
#include "agent/hot/unwind/unwinder.h"

namespace pprofagent::hot {

namespace {

// libc's variable by which it leaves out locks, and the program's copy of it, if it
// has one, else the same.
constexpr char kVariable[] = "__libc_single_threaded";
constinit char* g_libcs = nullptr;
constinit char* g_programs = nullptr;
constinit bool g_was_single_threaded = false;
constinit std::atomic<bool> g_forking_in_handler{false};
// The number of the fork for which the helper shall stand still, 0: for none; and the
// one for which it has come to do so.
constinit std::atomic<uint32_t> g_park_wanted{0};
constinit std::atomic<uint32_t> g_parked_for{0};
constinit uint32_t g_last_fork = 0;

// A handler's frames and the two behind them.
constexpr uint32_t kFrames = 48;

// struct sigaction as the kernel has it.
struct KernelAction {
  uintptr_t handler;
  uint64_t flags;
  uintptr_t restorer;
  uint64_t mask;
};

// What handlers return to: libc gives all of them the same. 0: there are none.
uintptr_t Restorer() {
  static constinit std::atomic<uintptr_t> known{0};
  if (const uintptr_t restorer = known.load(std::memory_order_relaxed)) return restorer;
  for (long signal = 1; signal <= 64; ++signal) {
    KernelAction action = {};
    RawSyscall(SYS_rt_sigaction, signal, nullptr, &action, sizeof(action.mask));
    if (action.restorer == 0) continue;
    known.store(action.restorer, std::memory_order_relaxed);
    return action.restorer;
  }
  return 0;
}

// The address of a frame is one byte before the one it returns to, where that is
// a call's.
bool IsRestorer(uintptr_t word, uintptr_t restorer) {
  const uintptr_t address = FrameAddress(word);
  return address == restorer || address + 1 == restorer;
}

bool IsSingleThreaded() { return __atomic_load_n(g_libcs, __ATOMIC_RELAXED) != 0; }

void TellSingleThreaded(bool single) {
  for (char* variable : {g_libcs, g_programs}) {
    __atomic_store_n(variable, static_cast<char>(single), __ATOMIC_RELAXED);
  }
}

// Whether there are no threads that nobody has told us of (libc has some of its own
// for timers and asynchronous input).
bool KnowsAllThreads() {
  const uint64_t ours = (HelperIsAbsent() ? 0 : 1) + (HelperCompanion() != 0 ? 1 : 0);
  const uint64_t all = CountTasks();
  return all != 0 && all <= 1 + ours;
}

void LetHelperGoOn() {
  g_park_wanted.store(0, std::memory_order_release);
  RawSyscall(SYS_futex, &g_park_wanted, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
}

// The lock that the helper waits for, in libc by all appearance; 0: for none.
uint64_t LockWaitedFor() {
  const TaskFiles files;
  if (!files.valid()) return 0;
  const TaskCallFile file(files, HelperThread());
  const TaskCall call = file.Read();
  return call.state == TaskCall::kBlocked && call.number == SYS_futex ? call.arguments[0] : 0;
}

// Fails if the helper does not stop within two seconds. Waiting for the very lock that
// the interrupted code holds is standing still as well: that is not released before the
// handler returns.
bool ParkHelper() {
  constexpr int kLookEvery = 10;
  uint64_t last_lock = 0;
  constexpr timespec kMillisecond{0, 1'000'000};
  if (++g_last_fork == 0) ++g_last_fork;
  g_park_wanted.store(g_last_fork, std::memory_order_release);
  for (int i = 0; i < 2000; ++i) {
    if (HelperIsAbsent()) return true;
    WakeHelper();
    if (g_parked_for.load(std::memory_order_acquire) == g_last_fork) return true;
    RawSyscall(SYS_nanosleep, &kMillisecond, nullptr);
    if (i % kLookEvery != kLookEvery - 1) continue;
    // What it waits for between two pieces of work it has been woken from.
    const uint64_t lock = LockWaitedFor();
    if (lock != 0 && lock == last_lock) return true;
    last_lock = lock;
  }
  LetHelperGoOn();
  return false;
}

}  // namespace

[[gnu::noinline]] bool InterruptedCriticalSection() {
  const uintptr_t restorer = Restorer();
  if (restorer == 0) return false;
  const auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const Registers here = {.pc = reinterpret_cast<uintptr_t>(__builtin_return_address(0)),
                          .sp = frame + 16,
                          .bp = *reinterpret_cast<const uintptr_t*>(frame)};
  const ThreadRecord* record = t_state.record;
  const StackBounds bounds =
      record != nullptr ? StackBounds{record->stack_low, record->stack_high} : StackBounds{0, 0};
  uintptr_t pcs[kFrames];
  Frames frames{};
  frames.pcs = pcs;
  frames.capacity = kFrames;
  Unwind(here, PcKind::kReturnAddress, bounds, UnwindContext::kSignal, &frames);
  // A handler may have interrupted another one.
  for (uint32_t i = 0; i + 1 < frames.depth; ++i) {
    if (IsRestorer(pcs[i], restorer) && !IsSafeInstruction(FrameAddress(pcs[i + 1]))) return true;
  }
  return false;
}

void InitializeInterruptedSections() {
  g_programs = static_cast<char*>(dlsym(RTLD_DEFAULT, kVariable));
  g_libcs = g_programs == nullptr ? nullptr : static_cast<char*>(dlsym(RTLD_NEXT, kVariable));
}

bool ForkBeginsInHandler() {
  if (g_libcs == nullptr || IsSandboxed() || ProgramHasThreads() || !IsThisProcess() ||
      !InterruptedCriticalSection()) {
    return false;
  }
  // As far as libc knows there is but one thread already, if there was never a helper.
  if (!IsSingleThreaded() && !(ParkHelper() && KnowsAllThreads())) {
    LetHelperGoOn();
    return false;
  }
  g_forking_in_handler.store(true, std::memory_order_relaxed);
  g_was_single_threaded = IsSingleThreaded();
  TellSingleThreaded(true);
  return true;
}

void ForkInHandlerDone() {
  TellSingleThreaded(g_was_single_threaded);
  g_forking_in_handler.store(false, std::memory_order_relaxed);
  LetHelperGoOn();
}

void ParkIfWanted() {
  while (const uint32_t fork = g_park_wanted.load(std::memory_order_acquire)) {
    g_parked_for.store(fork, std::memory_order_release);
    RawSyscall(SYS_futex, &g_park_wanted, FUTEX_WAIT_PRIVATE, fork, nullptr, nullptr, 0);
  }
}

bool ForkedInHandler() { return g_forking_in_handler.load(std::memory_order_relaxed); }

bool EndsInHandler() { return !HelperIsRunning() && InterruptedCriticalSection(); }

}  // namespace pprofagent::hot
