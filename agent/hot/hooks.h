// SPDX-License-Identifier: Apache-2.0
//
// The door for the interposers in preload/: everything they tell the engines.
// A hook is called on the program's thread, inside the program's call. None
// allocates, blocks, throws or changes errno.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "agent/hot/rt/free_filter.h"
#include "agent/hot/rt/parked.h"
#include "agent/hot/rt/thread_state.h"
#include "agent/hot/store/contention_buckets.h"
#include "agent/hot/store/lock_waiters.h"
#include "agent/hot/unwind/registers.h"

namespace pprofagent::hot {

// --- Allocation ---------------------------------------------------------------

// Counts `size` bytes; false when a sample is due, and then the caller tells
// BlockAllocated once it has the block. One subtraction and one branch. A size
// of SIZE_MAX (which no allocation survives) wraps to no bytes at all.
inline bool CountAllocation(size_t size) {
  return !__builtin_usubl_overflow(t_state.bytes_until_sample, size + 1,
                                   &t_state.bytes_until_sample);
}

// A block for which CountAllocation said false; null if the allocation failed.
// `caller` describes the interposer's caller (CallerRegisters).
void BlockAllocated(void* block, size_t size, const Registers& caller);

// Whether the block must be shown to BlockFreed (it was sampled, or it is
// bootstrap memory); certainly not, for nearly all blocks.
// Before the block goes to the real function: true if it must not, because it
// is bootstrap memory.
bool BlockFreed(void* block);

// realloc takes two steps, because the record must be gone before the address
// can be reused and must come back if the call fails. Between the two the
// handle is the caller's.
struct ForgottenBlock {
  void* bucket;  // null: the block was not known
  uint64_t size;
};
ForgottenBlock ForgetBlock(void* block);
void ForgottenBlockFreed(const ForgottenBlock& forgotten);
void RestoreBlock(void* block, const ForgottenBlock& forgotten);

// The program has had its allocator give memory back to the system.
void MemoryReleased();

// --- Threads ------------------------------------------------------------------

// What the new thread needs to know, in memory of the agent's own.
struct ThreadStart;

// In the creating thread. Null: no memory, create the thread without us. `caller`
// describes the interposer's caller (CallerRegisters).
ThreadStart* PrepareThread(void* (*start)(void*), void* argument, const pthread_attr_t* attributes,
                           const Registers& caller);
// The real pthread_create failed.
void AbandonThread(ThreadStart* start);
// First thing in the new thread; releases `start`. Returns the program's
// routine and argument.
struct ThreadEntry {
  void* (*start)(void*);
  void* argument;
};
ThreadEntry EnterThread(ThreadStart* start);
// A safe point of a program that is about to have more than one thread.
void ThreadCreationBegins();

// Whether this is the process that the agent is active in, and not a child that has its
// memory without being it (vfork). A system call.
bool IsThisProcess();

// Around a fork. True if a handler makes it that interrupted what must not be
// entered again (interrupted_section.h); ForkInHandlerDone then, in the parent.
bool ForkBeginsInHandler();
void ForkInHandlerDone();

// --- Waiting ------------------------------------------------------------------

// Whether waits are recorded at all. False before the agent has started; then
// and whenever it is false, an interposer does nothing but call the real
// function.
extern constinit std::atomic<bool> g_watching_waits __attribute__((visibility("hidden")));
inline bool WatchingWaits() { return g_watching_waits.load(std::memory_order_relaxed); }

// Where that flag is changed, `tell` is called with its value, and once now if
// the agent has started: for interposers so frequent that asking costs too much.
// At start, once.
using WatchingTold = void (*)(bool watching);
void TellWatching(WatchingTold tell);

// Whether sleeps, input and output are recorded as well.
extern constinit std::atomic<bool> g_watching_io __attribute__((visibility("hidden")));
inline bool WatchingIo() { return g_watching_io.load(std::memory_order_relaxed); }

// A call that waits. `object` is what it waits for: the lock, the condition, the
// thread.
//
//   Wait wait(WaitKind::kMutex, mutex, CallerRegisters());
//   const int result = real(...);
//   wait.End(...);
//
// Not a matter of constructor and destructor: a cancelled thread leaves the
// real function by unwinding, and no code of ours must run then.
class Wait {
 public:
  Wait(WaitKind kind, const void* object, const Registers& caller);
  // `counts`: whether it was a wait, not a refusal.
  void End(bool counts);

 private:
  const Registers caller_;
  const void* const object_;
  const WaitKind kind_;
  bool is_recorded_ = false;
  LockWait lock_wait_{};
};

// The release of a lock with a DutyOfRelease: made just before the real
// function, End right after it, when the lock is another's already. Making it charges
// the waiters' time, End takes the stack, outside the critical section; not if
// the lock was not `released`, because it was not the caller's.
class Release {
 public:
  Release(const void* lock, uint32_t duty);
  void End(const Registers& caller, bool released);

 private:
  static LockNote* Charge(void* release, const ReleaseCharge& charged);
  void Look(uint32_t duty);
  void AddDelay(uint64_t waited_ns, uint64_t now_ns);
  void AddCount(uint32_t releases, uint64_t now_ns);
  LockNote* MakeNote();

  const void* const lock_;
  bool is_sampled_ = false;
  ContentionWeight weight_{};
  LockNote* note_ = nullptr;
};
// Just before a call that succeeds only in a process of one thread (unshare,
// setns). True: the helper was there and has ended; then SingleThreadDone, after
// the call, has one start again, in case it has work to go on with.
bool SingleThreadWanted();
void SingleThreadDone();
// The same just before a call by which libc changes the identity of each of its threads:
// true only if that could go otherwise for the helper than for the caller.
bool IdentityChanges();

// --- Sandboxes ----------------------------------------------------------------

// Just before the program enters seccomp (rt/sandbox.h). False if this is not
// the process that the agent is active in, or it is in a sandbox already.
bool SandboxBegins();
// The kernel refused.
void SandboxFailed();

// --- Signals ------------------------------------------------------------------

// Whether the agent holds this signal; the program's calls about it then go to
// the Program* functions, which behave as libc's would without the agent.
bool IsClaimedSignal(int signal);
// As sigaction(2): 0, or a positive errno.
int ProgramSigaction(int signal, const struct sigaction* action, struct sigaction* old);

// Real-time signals that the agent uses by itself (bit n - 1 is signal n): the program
// must not find them when it looks for signals, and they must not come in calls that
// wait with a mask of their own. None as long as no engine needed one.
extern constinit std::atomic<uint64_t> g_hidden_signals __attribute__((visibility("hidden")));
inline uint64_t HiddenSignals() { return g_hidden_signals.load(std::memory_order_relaxed); }

// The program is about to give its thread an alternate stack.
void AlternateStackComes(const stack_t* stack);

}  // namespace pprofagent::hot
