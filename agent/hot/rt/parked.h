// SPDX-License-Identifier: Apache-2.0
//
// What a thread leaves behind when it begins to wait in an interposed call, so
// that the thread dump can tell what it waits for and since when, and unwind its
// stack, without disturbing it: a signal would end many waits early.
//
// One ParkedCall per thread, in its ThreadRecord. The thread writes: the plain
// facts first, then an odd sequence number (release); when the wait is over, the
// next even one. The dumper reads: number, facts, the thread's stack, number
// again; if it is odd and still the same, the thread has been in that wait all
// the time, and everything above the caller's stack pointer was at rest.
//
// A signal handler that interrupts a wait and itself waits takes the record
// over; the outer wait then has none until the next one, and the dump falls back
// to what the kernel tells about it. One that leaves a wait by siglongjmp leaves
// an open record behind, until the thread's next wait: the dump has to find out
// whether it fits what the thread does (engine/thread_dump.cc).
#pragma once

#include <atomic>
#include <cstdint>

namespace pprofagent::hot {

enum class WaitKind : uint8_t {
  kNone,
  kMutex,
  kRwlockRead,
  kRwlockWrite,
  kCondition,
  kSemaphore,
  kJoin,  // object: the pthread_t
  kBarrier,
  kSleep,  // no object
  kIo,     // object: the descriptor
};

struct ParkedCall {
  std::atomic<uint32_t> sequence;
  std::atomic<WaitKind> kind;
  std::atomic<uintptr_t> object;
  std::atomic<uint64_t> since_ns;  // MonotonicNanos
  // The interposed call's caller: pc is the return address, sp its stack
  // pointer after the return, bp its frame-pointer register.
  std::atomic<uintptr_t> pc;
  std::atomic<uintptr_t> sp;
  std::atomic<uintptr_t> bp;

  // Only for the owning thread. Async-signal-safe, no system call.
  void Begin(WaitKind wait, uintptr_t what, uint64_t now_ns, uintptr_t caller_pc,
             uintptr_t caller_sp, uintptr_t caller_bp) {
    // Closed while the facts change, so that a reader in the middle of the wait
    // of an interrupted call does not take new facts for old.
    const uint32_t closed = (sequence.load(std::memory_order_relaxed) + 1) & ~1u;
    sequence.store(closed, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    kind.store(wait, std::memory_order_relaxed);
    object.store(what, std::memory_order_relaxed);
    since_ns.store(now_ns, std::memory_order_relaxed);
    pc.store(caller_pc, std::memory_order_relaxed);
    sp.store(caller_sp, std::memory_order_relaxed);
    bp.store(caller_bp, std::memory_order_relaxed);
    sequence.store(closed + 1, std::memory_order_release);
  }
  void End() {
    const uint32_t open = sequence.load(std::memory_order_relaxed);
    sequence.store((open + 1) & ~1u, std::memory_order_release);
  }

  static bool IsParked(uint32_t sequence) { return (sequence & 1) != 0; }
};

}  // namespace pprofagent::hot
