// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/signals.h"

#include <errno.h>
#include <sys/auxv.h>

#include <atomic>

#include "agent/hot/engine/thread_pointer.h"
#include "agent/hot/hooks.h"
#include "agent/hot/rt/copy_memory.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/hot/rt/real.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/spin_lock.h"

namespace pprofagent::hot {

constinit std::atomic<uint64_t> g_hidden_signals{0};

namespace {

struct Claimed {
  std::atomic<int> signal;
  SignalEngine engine;
  WhenIgnored when_ignored;
  Meanwhile meanwhile;
  // The program's disposition, under `sequence` (odd: being written).
  std::atomic<uint32_t> sequence;
  struct sigaction program;
};

// The dump signal, the CPU toggle, those that end the process, the CPU timer, the
// stack's, the retry's, and some to spare.
constexpr int kMaxClaimed = 16;
constinit Claimed g_claimed[kMaxClaimed] = {};
constinit SpinLock g_lock;
// The process whose dispositions these are.
constinit std::atomic<long> g_process{0};
// No alternate stack is known to be too small for our handlers.
constinit std::atomic<bool> g_use_alternate_stacks{true};
constinit std::atomic<uint64_t> g_on_foreign_threads{0};

// How the kernel keeps a disposition that libc gives it: libc's return from a handler
// and the flag that says so are added; bits unknown to it are cleared, since 5.11.
constexpr int kRestorer = 0x04000000;
constexpr int kUnsupported = 0x400;  // what asks whether they are
constexpr int kExposeTagBits = 0x800;
constexpr int kKnownFlags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |
                            SA_NODEFER | static_cast<int>(SA_RESETHAND) | kExposeTagBits |
                            kRestorer;
constinit int g_kept_flags = 0;  // 0: not known yet
constinit int g_added_flags = 0;
using Restorer = void (*)();
constinit Restorer g_restorer = nullptr;

Claimed* Find(int signal) {
  for (Claimed& c : g_claimed) {
    if (c.signal.load(std::memory_order_acquire) == signal) return &c;
  }
  return nullptr;
}

// All signals, the ones libc keeps for itself included.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    const uint64_t all = ~uint64_t{0};
    RawSyscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old_, sizeof(old_));
  }
  ~AllSignalsBlocked() {
    RawSyscall(SYS_rt_sigprocmask, SIG_SETMASK, &old_, nullptr, sizeof(old_));
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  uint64_t old_ = 0;
};

// Holders have all signals blocked and soon are through. After fork the lock is
// free, and a child by vfork does not get here.
class DispositionsLocked {
 public:
  DispositionsLocked() {
    while (!g_lock.TryLock()) {
    }
  }
  ~DispositionsLocked() { g_lock.Unlock(); }
  DispositionsLocked(const DispositionsLocked&) = delete;
  DispositionsLocked& operator=(const DispositionsLocked&) = delete;

 private:
  // Until the lock is free again.
  const AllSignalsBlocked blocked_;
};

void Write(Claimed* claimed, const struct sigaction& action) {
  claimed->sequence.fetch_add(1, std::memory_order_acquire);
  claimed->program = action;
  claimed->sequence.fetch_add(1, std::memory_order_release);
}

// A writer is a few instructions long, has all signals blocked and is another
// thread; if it has lost its processor, giving it ours is the quickest way.
struct sigaction Read(Claimed* claimed) {
  for (;;) {
    const uint32_t before = claimed->sequence.load(std::memory_order_acquire);
    const struct sigaction action = claimed->program;
    // A write, so that what was read before it stays before it.
    const uint32_t after = claimed->sequence.fetch_add(0, std::memory_order_acq_rel);
    if ((before & 1) == 0 && after == before) {
      return action;
    }
    RawSyscall(SYS_sched_yield);
  }
}

// SA_SIGINFO or not, as for the kernel: some runtimes set it with either of the two.
bool HasHandler(const struct sigaction& action) {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

bool IsIgnore(const struct sigaction& action) { return action.sa_handler == SIG_IGN; }

bool IsTheAgents(const Claimed& claimed) { return claimed.when_ignored == WhenIgnored::kStay; }

// As if nobody had a handler. Ends the process.
void TakeDefaultAction(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  g_real_other.sigaction(signal, &action, nullptr);
  RawSyscall(SYS_tgkill, RawSyscall(SYS_getpid), RawSyscall(SYS_gettid), signal);
  const uint64_t mask = uint64_t{1} << (signal - 1);
  RawSyscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, nullptr, sizeof(mask));
}

void RunProgramHandler(Claimed* claimed, int signal, siginfo_t* info, void* ucontext) {
  struct sigaction action = Read(claimed);
  if (!HasHandler(action)) {
    if (IsTheAgents(*claimed) && !IsIgnore(action)) TakeDefaultAction(signal);
    return;
  }
  if ((action.sa_flags & SA_RESETHAND) != 0) {
    struct sigaction reset = action;
    reset.sa_handler = SIG_DFL;
    ProgramSigaction(signal, &reset, nullptr);
  }
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(signal, info, ucontext);
  } else {
    action.sa_handler(signal);
  }
}

bool IsOtherProcess() {
  return RawSyscall(SYS_getpid) != g_process.load(std::memory_order_relaxed);
}

[[gnu::noinline]] void HandleSignal(int signal, siginfo_t* info, void* ucontext) {
  const int saved_errno = errno;
  Claimed* claimed = Find(signal);
  const bool done = claimed == nullptr || claimed->engine(signal, info, ucontext);
  errno = saved_errno;
  if (!done) RunProgramHandler(claimed, signal, info, ucontext);
}

// On a thread without libc's thread pointer. A main thread that has another for a
// while (emulators do that) does not get it a second time.
[[gnu::noinline]] void HandleOnForeignThread(int signal, siginfo_t* info, void* ucontext) {
  g_on_foreign_threads.fetch_add(1, std::memory_order_relaxed);
  Claimed* claimed = Find(signal);
  if (claimed == nullptr || IsTheAgents(*claimed)) return;
  if (HasHandler(Read(claimed))) {
    RunProgramHandler(claimed, signal, info, ucontext);
  } else if (IsSandboxed()) {
    return;
  } else if (IsOtherProcess()) {
    TakeDefaultAction(signal);
  } else if (const long process = RawSyscall(SYS_getpid); RawSyscall(SYS_gettid) == process) {
    // Nobody else can be asked; what was claimed to see the end coming shall end it.
    if (claimed->meanwhile == Meanwhile::kDeliver) TakeDefaultAction(signal);
  } else {
    // What a process sent can only be sent anew without saying who did.
    if (IsSyscallError(RawSyscall(SYS_rt_tgsigqueueinfo, process, process, signal, info))) {
      RawSyscall(SYS_tgkill, process, process, signal);
    }
  }
}

// Nothing before the question: the compiler may not move thread-local storage out of
// the functions that use it.
void Handler(int signal, siginfo_t* info, void* ucontext) {
  if (HasThreadPointerOfLibc()) [[likely]] {
    HandleSignal(signal, info, ucontext);
  } else {
    HandleOnForeignThread(signal, info, ucontext);
  }
}

// What the kernel is told: our handler, under the program's terms.
int Install(int signal, const struct sigaction& program, const Claimed& claimed) {
  struct sigaction ours = program;
  if (IsIgnore(program) && claimed.when_ignored == WhenIgnored::kYield) {
    return g_real_other.sigaction(signal, &ours, nullptr);
  }
  ours.sa_sigaction = Handler;
  if (HasHandler(program)) {
    ours.sa_flags = (program.sa_flags | SA_SIGINFO) & ~static_cast<int>(SA_RESETHAND);
  } else {
    ours.sa_flags = SA_SIGINFO | SA_RESTART;
    if (g_use_alternate_stacks.load(std::memory_order_relaxed)) ours.sa_flags |= SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    if (claimed.meanwhile == Meanwhile::kBlockAll) {
      for (unsigned long& word : ours.sa_mask.__val) word = ~0ul;
    }
  }
  return g_real_other.sigaction(signal, &ours, nullptr);
}

void HideOrShow(int signal, const Claimed& claimed, const struct sigaction& program) {
  const uint64_t bit = uint64_t{1} << (signal - 1);
  if (IsTheAgents(claimed) && !HasHandler(program)) {
    g_hidden_signals.fetch_or(bit, std::memory_order_relaxed);
  } else {
    g_hidden_signals.fetch_and(~bit, std::memory_order_relaxed);
  }
}

// By means of a signal that is ours by now.
void LearnWhatTheKernelKeeps(int signal) {
  struct sigaction kept;
  if (g_kept_flags != 0 || g_real_other.sigaction(signal, nullptr, &kept) != 0) return;
  g_added_flags = kept.sa_flags & kRestorer;
  g_restorer = kept.sa_restorer;
  kept.sa_flags |= kUnsupported;
  g_real_other.sigaction(signal, &kept, nullptr);
  g_real_other.sigaction(signal, nullptr, &kept);
  g_kept_flags = (kept.sa_flags & kUnsupported) != 0 ? -1 : kKnownFlags;
}

// In a child that has our handlers without being ours.
int KernelSigaction(Claimed* claimed, int signal, const struct sigaction* action,
                    struct sigaction* old) {
  struct sigaction kernel;
  if (g_real_other.sigaction(signal, action, &kernel) != 0) return errno;
  if (old != nullptr) *old = kernel.sa_sigaction == Handler ? Read(claimed) : kernel;
  return 0;
}

struct sigaction AsTheKernelKeepsIt(struct sigaction action) {
  // Nothing blocks these two.
  sigdelset(&action.sa_mask, SIGKILL);
  sigdelset(&action.sa_mask, SIGSTOP);
  action.sa_flags = (action.sa_flags & g_kept_flags) | g_added_flags;
  action.sa_restorer = g_restorer;
  return action;
}

bool ClaimLocked(int signal, const Claimed& terms) {
  struct sigaction before;
  if (Find(signal) != nullptr || g_real_other.sigaction(signal, nullptr, &before) != 0) {
    return false;
  }
  for (Claimed& c : g_claimed) {
    if (c.signal.load(std::memory_order_relaxed) != 0) continue;
    c.engine = terms.engine;
    c.when_ignored = terms.when_ignored;
    c.meanwhile = terms.meanwhile;
    c.program = before;
    c.signal.store(signal, std::memory_order_release);
    if (Install(signal, before, c) == 0) {
      LearnWhatTheKernelKeeps(signal);
      HideOrShow(signal, c, before);
      return true;
    }
    c.signal.store(0, std::memory_order_release);
    return false;
  }
  return false;
}

// What one of our handlers needs at the most on top of the kernel's frame.
constexpr size_t kHandlerBytes = 4096;
constexpr size_t kLeastStack = 2048;  // of the kernel's, before it said how much it needs
bool IsRoomOnAlternateStack(size_t bytes) {
  size_t frame = getauxval(AT_MINSIGSTKSZ);
  if (frame < kLeastStack) frame = kLeastStack;
  return bytes >= frame + kHandlerBytes;
}

}  // namespace

bool Claim(int signal, SignalEngine engine, WhenIgnored when_ignored, Meanwhile meanwhile) {
  g_process.store(RawSyscall(SYS_getpid), std::memory_order_relaxed);
  InitializeThreadPointer();
  Claimed terms{};
  terms.engine = engine;
  terms.when_ignored = when_ignored;
  terms.meanwhile = meanwhile;
  const DispositionsLocked locked;
  return ClaimLocked(signal, terms);
}

int FindFreeRealTimeSignal() {
  for (int signal = SIGRTMAX; signal >= SIGRTMIN; --signal) {
    struct sigaction action;
    if (Find(signal) == nullptr && g_real_other.sigaction(signal, nullptr, &action) == 0 &&
        action.sa_handler == SIG_DFL) {
      return signal;
    }
  }
  return 0;
}

int ClaimRealTimeSignal(SignalEngine engine, Meanwhile meanwhile) {
  // Somebody else may take the free one first.
  for (int attempts = 3; attempts != 0; --attempts) {
    const int signal = FindFreeRealTimeSignal();
    if (signal == 0) return 0;
    if (Claim(signal, engine, WhenIgnored::kStay, meanwhile)) return signal;
  }
  return 0;
}

void AlternateStackComes(const stack_t* stack) {
  stack_t wanted;
  if (IsSandboxed() || !CopyObject(reinterpret_cast<uintptr_t>(stack), &wanted)) return;
  if ((wanted.ss_flags & SS_DISABLE) != 0 || IsRoomOnAlternateStack(wanted.ss_size)) return;
  const bool has_claims = g_process.load(std::memory_order_relaxed) != 0;
  if (has_claims && IsOtherProcess()) return;
  if (!g_use_alternate_stacks.exchange(false, std::memory_order_relaxed)) return;
  const int saved_errno = errno;
  {
    const DispositionsLocked locked;
    for (Claimed& c : g_claimed) {
      const int signal = c.signal.load(std::memory_order_relaxed);
      struct sigaction now {};
      if (signal == 0 || HasHandler(c.program)) continue;
      // The program may have one that libc knows nothing of.
      if (g_real_other.sigaction(signal, nullptr, &now) != 0 || now.sa_sigaction != Handler)
        continue;
      Install(signal, c.program, c);
    }
  }
  errno = saved_errno;
}

void InstallAgain(int signal) {
  const int saved_errno = errno;
  if (Claimed* claimed = Find(signal)) {
    const DispositionsLocked locked;
    Install(signal, claimed->program, *claimed);
  }
  errno = saved_errno;
}

uint64_t SignalsOnForeignThreads() { return g_on_foreign_threads.load(std::memory_order_relaxed); }

void ResetSignalsInChild() {
  g_process.store(RawSyscall(SYS_getpid), std::memory_order_relaxed);
  g_lock.Reset();
  for (Claimed& c : g_claimed) c.sequence.store(0, std::memory_order_relaxed);
}

bool ProgramHandles(int signal) {
  Claimed* claimed = Find(signal);
  if (claimed == nullptr) return false;
  const struct sigaction action = Read(claimed);
  return action.sa_handler != SIG_DFL;
}

bool IsClaimedSignal(int signal) { return signal > 0 && Find(signal) != nullptr; }

int ProgramSigaction(int signal, const struct sigaction* action, struct sigaction* old) {
  Claimed* claimed = Find(signal);
  if (claimed == nullptr) return EINVAL;
  if (IsOtherProcess()) {
    const int saved_errno = errno;
    const int error = KernelSigaction(claimed, signal, action, old);
    errno = saved_errno;
    return error;
  }
  // Both are copied with signals on: the pointers are the program's and may be
  // bad, and then the fault must look as it always does.
  struct sigaction wanted;
  if (action != nullptr) wanted = *action;
  struct sigaction before;
  {
    const DispositionsLocked locked;
    before = claimed->program;
    if (action != nullptr) {
      wanted = AsTheKernelKeepsIt(wanted);
      Write(claimed, wanted);
      Install(signal, wanted, *claimed);
      HideOrShow(signal, *claimed, wanted);
    }
  }
  if (old != nullptr) *old = before;
  return 0;
}

}  // namespace pprofagent::hot
