// SPDX-License-Identifier: Apache-2.0
//
// What the agent keeps per thread, in two parts.
//
// ThreadState is the one thread-local object of the whole agent: plain data in
// the static TLS block (initial-exec: reading it never calls the loader),
// zero-initialised, never constructed or destroyed, so it is usable from a
// thread's first instruction to its last. It is small because static TLS is a
// scarce resource shared with the program.
//
// ThreadRecord is the rest, in memory of the agent's own. Records are linked
// into one list that only grows; a thread takes a free one and gives it back
// when it ends. Only the owning thread writes the plain members; the atomic
// ones are read by the helper thread. If there is no memory for a record, the
// thread stays unsampled and the drop is counted.
#pragma once

#include <atomic>
#include <cstdint>

#include "agent/hot/rt/parked.h"
#include "agent/hot/rt/random.h"

namespace pprofagent::hot {

inline constexpr uint32_t kStackCapacity = 1024;

// agent/hot/store, which is built on this.
struct StackRecord;

struct ThreadRecord {
  // The owner's thread id; 0: free.
  std::atomic<int32_t> tid;
  // Set before the record is published, never changed.
  ThreadRecord* next;

  // --- heap sampling
  Random random;
  // Mean interval from which the running countdown was drawn; 0: none was.
  int64_t heap_rate;

  // The thread's last walk (agent/hot/unwind/walk_memo.h), made when samples
  // become frequent; it stays with the record.
  void* walk_memo;

  // --- CPU sampling
  // The kernel's id of the thread's timer, valid while cpu_session is not 0.
  std::atomic<int32_t> cpu_timer;
  // The session the timer belongs to; 0: no timer.
  std::atomic<uint32_t> cpu_session;
  // CPU time of the thread at which the timer first expires, nanoseconds.
  uint64_t cpu_first_expiry;
  // Expirations seen by the handler in this session.
  std::atomic<uint64_t> cpu_expirations;
  // The session's expirations come from a perf event, not from a timer.
  std::atomic<bool> by_perf;
  // The helper's descriptor of the event plus one; 0: none. Only the helper
  // makes and closes it, perhaps long after the thread's end.
  std::atomic<int32_t> perf_event;
  // The helper's: the thread stays with its timer; and what it saw last.
  bool perf_unfit;
  uint64_t perf_last_seen;

  // The thread's stack as far as known; high == 0: unknown.
  uintptr_t stack_low;
  uintptr_t stack_high;
  // What the program passed to pthread_create; 0 for other threads.
  uintptr_t start_routine;
  // The thread that made this one and where it did; 0 and null: unknown.
  int32_t creator_tid;
  const StackRecord* created_by;
  // The labels of what the thread does at present (agent/hot/store/label_sets.h); 0:
  // none. Written by the thread, read by its signal handlers and by the helper.
  std::atomic<uint32_t> labels;
  // pthread_self(); 0: unknown.
  uintptr_t handle;

  // What the thread waits for, if that is an interposed call.
  ParkedCall parked;

  // Frame buffers: one for hooks, one for the signal handler that may interrupt
  // a hook. Untouched pages of them cost nothing. The last place is for the mark
  // behind a stack that was cut.
  std::atomic<bool> signal_frames_busy;
  uintptr_t hook_frames[kStackCapacity + 1];
  uintptr_t signal_frames[kStackCapacity + 1];
};

struct ThreadState {
  // Bytes the thread may still allocate before the next sample is due. The
  // only member the fast path of an allocation touches.
  uint64_t bytes_until_sample;
  ThreadRecord* record;
  // > 0: the agent itself is at work on this thread; nothing is recorded.
  uint32_t guard;
  // Its end will be noticed.
  bool watched;
  // The thread has left the program's code for good; it gets no record again.
  bool finished;
};

static_assert(sizeof(ThreadState) <= 64, "static TLS is shared with the program");

extern constinit thread_local ThreadState t_state __attribute__((visibility("hidden")));

// Marks the stretch in which the agent itself is at work on this thread.
class Guard {
 public:
  Guard() { ++t_state.guard; }
  ~Guard() { --t_state.guard; }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
};

// All of these are thread-safe and allocation-free; none but FirstRecord and
// CurrentThreadId may be called from a signal handler.

// The running thread's record, made on first use; null when there is no memory
// (counted) or the thread is finished.
ThreadRecord* CurrentRecord();
// The record of any thread of this process, made if there is none yet.
ThreadRecord* RecordOf(int32_t tid);
// Gives the running thread's record back; nothing of it is recorded any more.
void ReleaseCurrentRecord();
// Gives back the record of a thread that is gone.
void ReleaseRecordOf(int32_t tid, ThreadRecord* record);
// In the child of a fork: only the calling thread exists; its record stays.
void KeepOnlyCurrentRecord();
// Every record ever made, free ones (tid 0) included.
ThreadRecord* FirstRecord();

int32_t CurrentThreadId();

uint64_t ThreadRecordsMissed();
uint64_t ThreadRecordBytes();

}  // namespace pprofagent::hot
