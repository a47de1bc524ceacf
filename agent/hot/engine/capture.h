// SPDX-License-Identifier: Apache-2.0
//
// From registers to a stack in the table, with the labels its thread has at that
// moment: what every engine does with a sample.
#pragma once

#include <cstdint>

#include "agent/hot/rt/thread_state.h"
#include "agent/hot/store/stack_table.h"
#include "agent/hot/unwind/unwinder.h"

namespace pprofagent::hot {

// Frames recorded per stack from now on; clamped to 1..kStackCapacity.
void SetCaptureDepth(uint32_t frames);
uint32_t CaptureDepth();

// The agent's own code, whose frames are left out of every stack.
void SetAgentText(uintptr_t begin, uintptr_t end);
bool IsAgentCode(uintptr_t pc);
// Takes the agent's frames out; returns how many are left.
uint32_t WithoutAgentFrames(uintptr_t* pcs, uint32_t depth);

// In a hook: the stack of the interposed function's caller. Null: dropped, and
// counted. `caller.pc` is a return address.
const StackRecord* CaptureHookStack(const Registers& caller);

// The same in a lock's hook, which an allocator or the loader may have called
// with its locks held: libunwind is not asked.
const StackRecord* CaptureLockHookStack(const Registers& caller);

// The same where samples are so frequent that it pays to remember the thread's
// last walk.
const StackRecord* CaptureFrequentHookStack(const Registers& caller);

// In a signal handler: the stack that the signal interrupted. `record` is the
// running thread's.
const StackRecord* CaptureInterruptedStack(const void* ucontext, ThreadRecord* record);

// A stack of one frame, for time that belongs to a thread but to no known place
// in it. `record` is the thread's, or null.
const StackRecord* CaptureSingleFrame(uintptr_t pc, const ThreadRecord* record);

// Bytes of the threads' remembered walks.
uint64_t WalkMemoBytes();

uint64_t StacksDroppedFull();
uint64_t StacksDroppedReentrant();
// For a bucket that found no memory after its stack did.
void CountStoreFull();

}  // namespace pprofagent::hot
