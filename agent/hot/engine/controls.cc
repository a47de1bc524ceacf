// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/controls.h"

#include "agent/hot/engine/capture.h"
#include "agent/hot/engine/contention.h"
#include "agent/hot/engine/cpu.h"
#include "agent/hot/engine/heap.h"
#include "agent/hot/engine/memory_trace.h"
#include "agent/hot/engine/requests.h"
#include "agent/hot/engine/signals.h"
#include "agent/hot/engine/termination.h"
#include "agent/hot/engine/thread.h"
#include "agent/hot/rt/sandbox.h"
#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {

namespace {

bool OnDumpSignal(int signal, siginfo_t* info, void* ucontext) {
  OnRequestSignal(kRequestDump, signal, info, ucontext);
  return false;
}

bool OnToggleCpuSignal(int signal, siginfo_t* info, void* ucontext) {
  OnRequestSignal(kRequestToggleCpu, signal, info, ucontext);
  return false;
}

}  // namespace

void SetHeapRate(int64_t bytes) { SetHeapSamplingRate(bytes); }
int64_t HeapRate() { return HeapSamplingRate(); }
void SetMutexFraction(int64_t fraction) { SetMutexSamplingFraction(fraction); }
int64_t MutexFraction() { return MutexSamplingFraction(); }
void SetBlockRate(int64_t nanoseconds) { SetBlockSamplingRate(nanoseconds); }
int64_t BlockRate() { return BlockSamplingRate(); }
void SetBlockIo(bool on) { SetBlockSamplingOfIo(on); }
bool BlockIo() { return BlockSamplingOfIo(); }
void SetStackDepth(uint32_t frames) { SetCaptureDepth(frames); }

CpuStart StartCpu(int hz) { return StartCpuEngine(hz); }
void StopCpu() { StopCpuEngine(); }
void TendCpu() { TendCpuThreads(); }
bool CpuRunning() { return CpuEngineRunning(); }
int CpuRate() { return CpuEngineRate(); }
int CpuSignal() { return CpuEngineSignal(); }

bool SetLabels(uint32_t labels) {
  if (labels != 0 && LabelSetOf(labels) == nullptr) return false;
  if (t_state.record == nullptr) {
    if (labels == 0) return true;
    const Guard guard;
    if (!t_state.watched) FollowThisThread();
    if (CurrentRecord() == nullptr) return false;
  }
  t_state.record->labels.store(labels, std::memory_order_relaxed);
  return true;
}

uint32_t CurrentLabels() {
  const ThreadRecord* record = t_state.record;
  return record != nullptr ? record->labels.load(std::memory_order_relaxed) : 0;
}

bool TakeMemoryCycle(MemoryCycle* cycle) { return TakeEndedCycle(cycle); }
bool EndMemoryCycle(bool forced) { return EndCycle(forced); }

bool InSandbox() { return IsSandboxed(); }

StackView CaptureStack(uint32_t skip) {
  if (IsSandboxed()) return {};
  const Guard guard;
  if (CurrentRecord() == nullptr) return {};
  const auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const StackRecord* stack = CaptureHookStack(Registers{
      .pc = reinterpret_cast<uintptr_t>(__builtin_return_address(0)),
      .sp = frame + 2 * sizeof(uintptr_t),
      .bp = *reinterpret_cast<const uintptr_t*>(frame),
  });
  if (stack == nullptr || stack->depth <= skip) return {};
  return StackView{stack->pcs + skip, stack->depth - skip, stack->truncated, stack->labels};
}

void ExcludeThisThread() {
  if (ThreadRecord* record = t_state.record) CpuThreadEnds(record);
  ReleaseCurrentRecord();
  ++t_state.guard;
}

Unrecorded::Unrecorded() { ++t_state.guard; }
Unrecorded::~Unrecorded() { --t_state.guard; }

bool ClaimSignal(int signal, Request request) {
  return Claim(signal, request == kRequestDump ? OnDumpSignal : OnToggleCpuSignal,
               WhenIgnored::kYield, Meanwhile::kBlockAll);
}

void WatchForEnd() { StartTermination(); }

bool HelperMayEnd() { return !ProgramHasThreads(); }

}  // namespace pprofagent::hot
