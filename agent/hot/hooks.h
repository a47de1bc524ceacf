// SPDX-License-Identifier: Apache-2.0
//
// The door for the interposers in preload/: everything they tell the engines.
// A hook is called on the program's thread, inside the program's call. None
// allocates, blocks, throws or changes errno.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <cstddef>
#include <cstdint>

#include "agent/hot/rt/free_filter.h"
#include "agent/hot/rt/thread_state.h"
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
  void* bucket;
  uint64_t objects;
  uint64_t bytes;
};
ForgottenBlock ForgetBlock(void* block);
void ForgottenBlockFreed(const ForgottenBlock& forgotten);
void RestoreBlock(void* block, const ForgottenBlock& forgotten);

// --- Threads ------------------------------------------------------------------

// What the new thread needs to know, in memory of the agent's own.
struct ThreadStart;

// In the creating thread. Null: no memory, create the thread without us.
ThreadStart* PrepareThread(void* (*start)(void*), void* argument, const pthread_attr_t* attributes);
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

}  // namespace pprofagent::hot
