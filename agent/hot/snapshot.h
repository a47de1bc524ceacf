// SPDX-License-Identifier: Apache-2.0
//
// The door through which service code reads what hot code recorded. Hot code
// goes on writing while a visit runs: each value is read atomically, a bucket's
// frees before its allocations, so that in-use is never negative; a sample
// recorded during the visit may or may not be seen. All counts are cumulative
// since the process began: a profile over an interval is the difference of two
// visits.
#pragma once

#include <cstdint>

#include "agent/hot/rt/parked.h"
#include "agent/hot/store/label_sets.h"
// What the words of a stack mean.
#include "agent/hot/unwind/frame_word.h"

namespace pprofagent::hot {

// Words for addresses, leaf first: of the interrupted instruction itself, and
// for every caller of an address inside its call instruction; at the end perhaps
// a mark. Valid for the life of the process.
struct StackView {
  const uintptr_t* pcs;
  uint32_t depth;
  // The program had more frames than the depth option allows.
  bool truncated;
  // What the program had attached to the thread (LabelsOf); 0: nothing.
  uint32_t labels = 0;
};

// Labels by key. Valid for the life of the process.
struct LabelsView {
  const Label* labels = nullptr;
  uint32_t count = 0;
};
LabelsView LabelsOf(uint32_t labels);

// Values are estimates of the true totals: each sample was scaled by the
// inverse of its probability when it was taken.
struct HeapSample {
  StackView stack;
  // Mean requested size of the sampled blocks; blocks of one stack whose sizes
  // differ much are in different samples.
  int64_t block_bytes;
  int64_t alloc_objects;
  int64_t alloc_bytes;
  int64_t inuse_objects;
  int64_t inuse_bytes;
  // The same in every visit, and no other sample's.
  uintptr_t identity = 0;
};

struct CpuSample {
  StackView stack;
  // Timer expirations, with those the kernel could not deliver one by one.
  int64_t count;
  int64_t nanoseconds;
};

// One stack's waits (block profile), or the waits that its releases of locks
// caused (mutex profile).
struct ContentionSample {
  StackView stack;
  // What was waited for: "mutex", "cond", "join" ...; empty in the mutex profile.
  const char* kind;
  int64_t contentions;
  int64_t delay_ns;
  // The same in every visit, and no other sample's.
  uintptr_t identity;
};

// Who waited and who released, for one lock.
struct ContentionPairSample {
  StackView waiter;
  StackView holder;
  // The lock's address; 0: some lock, there were too many to tell apart.
  uintptr_t lock;
  int64_t contentions;
  int64_t delay_ns;
  // The same in every visit, and no other pair's; a multiple of 8.
  uintptr_t identity;
};

// A stack that made threads, and how many since the process began.
struct CreationSample {
  StackView stack;
  int64_t threads;
};

// A stack that got memory from where there was none before.
struct GrowthSample {
  StackView stack;
  int64_t times;
  int64_t bytes;
};

inline constexpr int kThreadNameBytes = 16;

enum class ThreadActivity : uint8_t {
  kRunning,  // or ready to
  kBlocked,
  kEnded,    // the main thread, by pthread_exit, before the others
  kUnknown,  // the kernel does not tell (PR_SET_DUMPABLE off)
};

// A thread at the moment it was looked at.
struct ThreadSample {
  int32_t tid;
  // By pthread_create; 0: unknown.
  int32_t creator_tid;
  ThreadActivity state;
  // The stack goes to the thread's first frame, or to the depth option's last.
  bool complete;
  char name[kThreadNameBytes];
  // Where it began, and not complete, if it could not be had: the thread is running
  // and did not answer the signal.
  StackView stack;
  StackView created_by;
  // Blocked in an interposed call: what it waits for. kNone: in another one.
  WaitKind wait;
  uintptr_t object;
  // Who holds the object, by thread id; 0: nobody, or unknown.
  int32_t owner;
  // Nanoseconds it has been blocked; -1: unknown.
  int64_t waited_ns;
  // Blocked in this system call; -1: in none.
  long syscall;
  uint64_t arguments[6];
};

// A stretch of code of an object that stacks lead through, loaded or not.
struct ModuleCode {
  uintptr_t start;
  uintptr_t limit;
  uint64_t offset;
  // Of the frames in it (FrameGeneration).
  uint32_t generation;
  const uint8_t* build_id;
  uint32_t build_id_size;
  // As the loader knew it; empty: the main program.
  const char* path;
};

// Samples lost, by reason. Cumulative.
struct Drops {
  uint64_t stack_table_full;  // no memory for a new stack or bucket
  uint64_t live_map_full;     // block recorded as allocated, but not as in use
  uint64_t no_thread_record;  // no memory for the thread's own state
  uint64_t reentrant;         // a signal arrived while the same buffer was in use
  uint64_t lock_waits;        // waits and releases whose lock could not be followed
  uint64_t contention_pairs;  // releases recorded without their waiter
  uint64_t no_timer;          // threads to which the kernel refused a CPU timer
  uint64_t no_module_record;  // walks through objects of which no record could be made
  uint64_t no_debug_frame;    // objects whose .debug_frame could not be used
  uint64_t label_sets_full;   // labels that could not be attached
  uint64_t foreign_threads;   // signals on threads that libc does not know
};

// What the agent itself holds, in bytes.
struct MemoryUse {
  uint64_t modules;  // the unwinder's: objects it has met, rules it remembers
  uint64_t stacks;
  uint64_t live_map;
  uint64_t threads;
  uint64_t labels;
};

// What the allocator did in a stretch of time (engine/memory_trace.h); times on
// the monotonic clock, bytes and objects estimated from samples.
struct MemoryCycle {
  uint64_t number = 0;  // from 1
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  int64_t allocated_objects = 0;
  int64_t freed_objects = 0;
  int64_t allocated_bytes = 0;
  // In use at the beginning, at most, and at the end.
  int64_t live_before = 0;
  int64_t live_peak = 0;
  int64_t live_after = 0;
  // So many bytes of allocations end the next cycle.
  int64_t goal_bytes = 0;
  // It ended because memory was given back to the system on request.
  bool forced = false;
};

// Each visitor is called on the calling thread, possibly thousands of times;
// the sample is valid only during the call. Thread-safe. Not async-signal-safe
// only in so far as the visitor is not.
using HeapVisitor = void (*)(void* context, const HeapSample& sample);
using CpuVisitor = void (*)(void* context, const CpuSample& sample);
using ModuleVisitor = void (*)(void* context, const ModuleCode& code);
void VisitHeap(HeapVisitor visitor, void* context);
void VisitCpu(CpuVisitor visitor, void* context);
using CreationVisitor = void (*)(void* context, const CreationSample& sample);
void VisitCreations(CreationVisitor visitor, void* context);
using GrowthVisitor = void (*)(void* context, const GrowthSample& sample);
void VisitGrowth(GrowthVisitor visitor, void* context);
using ContentionVisitor = void (*)(void* context, const ContentionSample& sample);
void VisitBlock(ContentionVisitor visitor, void* context);
void VisitMutex(ContentionVisitor visitor, void* context);
using ContentionPairVisitor = void (*)(void* context, const ContentionPairSample& pair);
void VisitContention(ContentionPairVisitor visitor, void* context);
// Of any two with overlapping addresses the generations differ.
void VisitModules(ModuleVisitor visitor, void* context);

// Every thread of the process but the caller and the agent's own. For a thread of
// the agent's, one at a time: 10 to 20 us a thread, and for those that run until
// they have answered. False if /proc cannot be read. kStacks leaves out what
// takes further files of /proc: name and, in calls that are not interposed, the
// time waited.
enum class ThreadFacts : uint8_t { kStacks, kAll };
using ThreadVisitor = void (*)(void* context, const ThreadSample& sample);
bool VisitThreads(ThreadFacts facts, ThreadVisitor visitor, void* context);

// Thread-safe.
Drops ReadDrops();
MemoryUse ReadMemoryUse();
// Resident bytes of the stacks of the program's threads, as far as these are known.
uint64_t ReadStackBytes();

}  // namespace pprofagent::hot
