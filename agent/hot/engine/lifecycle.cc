// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/engine/lifecycle.h"

#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/contention.h"
#include "agent/hot/engine/cpu.h"
#include "agent/hot/engine/heap.h"
#include "agent/hot/engine/interrupted_section.h"
#include "agent/hot/engine/memory_trace.h"
#include "agent/hot/engine/requests.h"
#include "agent/hot/engine/safe_point.h"
#include "agent/hot/engine/signals.h"
#include "agent/hot/engine/termination.h"
#include "agent/hot/engine/thread.h"
#include "agent/hot/rt/clock.h"
#include "agent/hot/rt/quick_clock.h"
#include "agent/hot/rt/real.h"
#include "agent/hot/rt/real_identity.h"
#include "agent/hot/rt/real_io.h"
#include "agent/hot/rt/real_locks.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/thread_state.h"
#include "agent/hot/unwind/debug_frame.h"

namespace pprofagent::hot {

void InitializeHot(const HotOptions& options) {
  ResolveRealFunctions();
  ResolveRealLocks();
  ResolveRealIo();
  ResolveRealIdentity();
  InitializeClock();
  InitializeQuickClock();
  InitializeSafePoints();
  InitializeInterruptedSections();
  InitializeRequests();
  SetAgentText(options.agent_text_begin, options.agent_text_end);
  SetCaptureDepth(options.stack_depth);
  StartThreadEngine();
  // The main thread's record now: when the first sample comes, a sandbox may
  // forbid what that takes.
  FollowThisThread();
  if (options.memory_trace) StartMemoryTrace();
  StartHeapEngine();
  SetHeapSamplingRate(options.heap_rate);
  SetMutexSamplingFraction(options.mutex_fraction);
  SetBlockSamplingRate(options.block_rate);
  SetBlockSamplingOfIo(options.block_io);
  StartContentionEngine();
  WantPerfEvents(options.perf_events);
}

void SuspendRecording() { ++t_state.guard; }
void ResumeRecording() { --t_state.guard; }

namespace {

// Locks are free, and what the parent had under way is not the child's.
void BecomeChild() {
  ResetSignalsInChild();
  ResetThreadsInChild();
  KeepOnlyCurrentRecord();
  ResetRequestsInChild();
  ResetTerminationInChild();
  ResetContentionInChild();
}

}  // namespace

void HotAfterFork() {
  BecomeChild();
  ResetMemoryTraceInChild();
  RepeatDebugFrameNews();
  CpuAfterFork();
}

void SleepForEver() {
  // As in a sandbox, where nothing may be done either.
  g_sandboxed.store(true, std::memory_order_relaxed);
  SetHeapSamplingRate(0);
  BecomeChild();
}

}  // namespace pprofagent::hot
