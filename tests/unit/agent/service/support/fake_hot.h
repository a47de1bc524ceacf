// SPDX-License-Identifier: Apache-2.0
//
// The doors of hot code (controls.h, snapshot.h), played by a test: what is
// recorded, which signals can be had, whether the CPU engine starts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <set>
#include <utility>
#include <vector>

#include "agent/hot/controls.h"
#include "agent/hot/snapshot.h"

namespace pprofagent::fake_hot {

// Everything back to the beginning: no samples, everything succeeds.
void Reset();

// A stack that stays where it is, as those of hot code do.
hot::StackView Stack(std::initializer_list<uintptr_t> addresses);

void AddHeapSample(const hot::HeapSample& sample);
// Counts are cumulative: adds to those of the same stack.
void AddCpuSample(const hot::StackView& stack, int64_t count, int64_t nanoseconds);
// What LabelsOf knows under this number; the texts must be literals.
void AddLabels(uint32_t number, std::initializer_list<hot::Label> labels);
// The same stack a second time in one visit, as from another thread's record.
void AddCpuRecord(const hot::CpuSample& sample);
// `kind` empty: the mutex profile's, otherwise the block profile's.
void AddContention(const hot::ContentionSample& sample);
void AddCreation(const hot::CreationSample& sample);
void AddContentionPair(const hot::ContentionPairSample& pair);
// A thread that VisitThreads tells of.
void AddThread(const hot::ThreadSample& sample);
void AddGrowth(const hot::GrowthSample& sample);
// A cycle that has ended.
void AddMemoryCycle(const hot::MemoryCycle& cycle);
void AddModule(const hot::ModuleCode& code);
void SetDrops(const hot::Drops& drops);

void SetCpuStart(hot::CpuStart result);
// Rate of the last StartCpu; 0 before.
int CpuRate();

// Signals that ClaimSignal refuses.
void RefuseSignals(std::set<int> signals);
std::vector<std::pair<int, hot::Request>> ClaimedSignals();

// A signal that arrived with a value.
void Signal(hot::Request request, int value);

// Blocks until the helper has said that it runs, or that it does not.
void WaitUntilHelperRuns(bool runs);
// fork() at a moment when the helper has served every request and holds no lock,
// neither of this fake nor of the allocator: AddressSanitizer's would stay
// locked in the child for good, where malloc of libc comes through.
pid_t ForkWhileHelperWaits();
// What HelperMayEnd says.
void SetHelperMayEnd(bool may_end);
// How often it was asked.
int TimesAskedToEnd();
// Threads that called ExcludeThisThread.
int ExcludedThreads();

}  // namespace pprofagent::fake_hot
