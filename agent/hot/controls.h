// SPDX-License-Identifier: Apache-2.0
//
// The door through which service code steers the engines. Every function is
// thread-safe and may be called at any time after Initialize; none of them is
// meant for signal handlers.
#pragma once

#include <cstdint>

#include "agent/hot/snapshot.h"
// Which objects' files the unwinder wants read, and what becomes of it.
#include "agent/hot/unwind/debug_frame.h"

namespace pprofagent::hot {

// Mean bytes between two heap samples; 1 records every allocation, 0 none.
// Takes effect in each thread at its next sample (with rate 0 at the latest
// after 16 MiB more of allocations).
void SetHeapRate(int64_t bytes);
int64_t HeapRate();

// One of so many contended releases of a lock is recorded in the mutex and
// contention profiles; 1: all, 0: none. At once in all threads.
void SetMutexFraction(int64_t fraction);
int64_t MutexFraction();

// Waits of at least so many nanoseconds are recorded in the block profile, and
// of shorter ones as many as their length is part of that; 1: all, 0: none. At
// once in all threads.
void SetBlockRate(int64_t nanoseconds);
int64_t BlockRate();
// Whether the block profile has sleeps, input and output too.
void SetBlockIo(bool on);
bool BlockIo();

// Frames recorded per stack, 1..kMaxStackDepth.
inline constexpr uint32_t kMaxStackDepth = 1024;
void SetStackDepth(uint32_t frames);

enum class CpuStart {
  kOk,
  kAlreadyRunning,
  kNoSignal,  // every real-time signal is taken by the program
  kNoTimer,   // the kernel refused timer_create for the calling process
};

// Starts sampling every thread of the process `hz` (1..4000) times per second
// of its CPU time, those still to be created included.
CpuStart StartCpu(int hz);
// Stops; returns when every sample taken is visible to VisitCpu. Without a
// running profile it does nothing.
void StopCpu();
bool CpuRunning();
// Samples per second that the last StartCpu asked for.
int CpuRate();
// The real-time signal in use; 0 before the first StartCpu.
int CpuSignal();

// For the helper, every now and then while a CPU profile runs: sees to the threads
// that nobody told the agent of, and moves threads to perf events where those are
// wanted. From other threads it does nothing.
void TendCpu();

struct PerfUse {
  bool wanted;
  uint64_t threads;  // of the running profile, by event at present
  bool kernel_time;  // events tell of the kernel's own time
  int refusal;       // the errno of the last event that was refused, 0: none was
};
PerfUse ReadPerfUse();

// The last cycle of the memory trace (HotOptions::memory_trace) that nobody has
// taken yet; false: none has ended. The helper is woken when one has.
bool TakeMemoryCycle(MemoryCycle* cycle);
// Ends the running cycle at once, whatever it has come to. False if there is no
// trace, or the last cycle has not been taken.
bool EndMemoryCycle(bool forced);

// The calling thread's stack without the agent's frames and the `skip` innermost
// of the program's; depth 0 if it cannot be had, which is counted.
StackView CaptureStack(uint32_t skip);

// The calling thread's labels from here on; every stack recorded of it has them, and
// threads it makes begin with them. False: there is no such set, or no memory for
// the thread's record (counted). Costs a store.
bool SetLabels(uint32_t labels);
uint32_t CurrentLabels();

// Whether the program has put itself under seccomp (rt/sandbox.h).
bool InSandbox();

// From here on nothing this thread does is recorded: for the agent's own.
void ExcludeThisThread();

// Marks a stretch on one of the program's threads in which allocations are the
// agent's own and not recorded. Nests.
class Unrecorded {
 public:
  Unrecorded();
  ~Unrecorded();
  Unrecorded(const Unrecorded&) = delete;
  Unrecorded& operator=(const Unrecorded&) = delete;
};

// --- Requests: how a signal handler gets service code running -------------

// What the helper thread can be asked for from a signal handler.
enum Request : uint32_t {
  kRequestDump = 1u << 0,       // the dump signal arrived
  kRequestToggleCpu = 1u << 1,  // the CPU signal arrived
  kRequestHelper = 1u << 2,     // nothing but a running helper
  kRequestEnd = 1u << 3,        // a signal that ends the process arrived
  kRequestRules = 1u << 4,      // the unwinder wants a file read
};

// Claims a signal: `request` is raised whenever it arrives, then the program's
// own handler runs, if it has one. The program goes on seeing its own
// disposition only. False if the signal cannot be caught or is claimed already.
bool ClaimSignal(int signal, Request request);

// From now on a signal that would end the process (TERM, INT, HUP, as far as the
// program leaves them alone) first raises kRequestEnd and waits for
// EndFilesWritten.
void WatchForEnd();
void EndFilesWritten();
// Whether the process comes to its end in a handler that interrupted what must not be
// entered again (interrupted_section.h), and no helper runs: nothing can be
// written any more.
bool EndsInHandler();
// Whether the parent of this process forked in one: the agent stays asleep in it.
bool ForkedInHandler();
// For the helper, between two pieces of work: stands still while the program forks
// in one.
void ParkIfWanted();
// Ends the process by such a signal if one has come; returns if not. To be called
// where the process would otherwise end by itself, so that its status is the
// same as without us.
void EndByPendingSignal();

// Makes a request from ordinary code as an arriving signal would: a helper that
// runs is woken, otherwise one is started at the next point known to be safe.
void MakeRequest(Request request);

// The requests made since the last call, which are thereby taken. `value` gets
// the integer that came with the last of them (sigqueue), 0 if none.
uint32_t TakeRequests(int* value);

// Blocks until a request is pending or the timeout has passed (nanoseconds;
// negative: none). For the helper thread.
void WaitForRequest(int64_t timeout_ns);
// Ends a WaitForRequest in progress, from any thread.
void WakeHelper();
// How often the helper has been woken; for a thread that waits on its behalf.
uint32_t WakeCount();
// Blocks while the count is `seen`.
void WaitForWake(uint32_t seen);
// The thread that does so, which is none of the program's; 0: none.
void SetHelperCompanion(int32_t tid);
int32_t HelperCompanion();

// The function that starts the helper thread (it must be callable wherever the
// program could call pthread_create); returns false if that failed. Hot code
// calls it, at a point it knows to be safe, when a request is made and no
// helper runs.
using StartHelper = bool (*)();
void SetHelperStarter(StartHelper starter);
// Told by the helper itself: it will look at requests (true), or never again
// (false; then requests still pending must have been taken before).
void SetHelperRunning(bool running);
// Around its creation, until it says so itself: the kernel has it sooner.
void SetHelperLaunching(bool launching);

// Told by the helper: whether its descriptors are in a table of its own.
void SetHelperDescriptors(bool own);

// Whether a helper with nothing left to do should end: it should in a program
// of one thread, which its mere existence slows down. A program with threads of
// its own keeps it, for there the next request may find no point safe to start
// another.
bool HelperMayEnd();

// Whether it should end at once, whatever it is waiting for: the program's last
// thread is ending, and the process with it.
bool HelperMustEnd();

}  // namespace pprofagent::hot
