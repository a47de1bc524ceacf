// SPDX-License-Identifier: Apache-2.0
//
// The door of the unwinder: registers in, addresses out.
//
// Every address stored is one to look up: of an interrupted instruction itself,
// of a caller one byte before its return address, hence inside the call (a call
// may be its function's last instruction, and the return address then belongs to
// the next function). Leaf first. The word that stands for it says besides in
// which of the objects that have been there it lay (frame_word.h).
//
// Backends. `kAuto` reads the modules' call frame information (cfi.h) and falls
// back to a checked step along the frame pointer where there is none (generated
// code, assembly). `kFramePointers` does only that. `kLibunwind` asks libunwind
// wherever it may be asked, in hooks, and is kAuto in signal handlers.
//
// Every read of the stack is inside known bounds or probed; an arbitrary stack
// gives a short walk, never a fault.
#pragma once

#include <cstdint>

#include "agent/hot/unwind/checked_read.h"
#include "agent/hot/unwind/frame_word.h"
#include "agent/hot/unwind/registers.h"

namespace pprofagent::hot {

enum class UnwinderBackend : uint8_t { kAuto, kFramePointers, kLibunwind };

// Whether start.pc is an instruction that was interrupted or an address that a
// call returns to.
enum class PcKind : uint8_t { kExact, kReturnAddress };

// Where the walk happens. In a signal handler anything may be locked, by this
// very thread.
enum class UnwindContext : uint8_t { kHook, kSignal };

enum class WalkEnd : uint8_t {
  kOutermost,   // the thread's first frame
  kTruncated,   // `capacity` frames, and more to come
  kNoRule,      // a frame that nothing can be said about
  kBadRead,     // the stack is not what the rules say
  kNoProgress,  // the caller's frame does not lie above
};

struct Frames {
  // Given by the caller.
  uintptr_t* pcs;
  uint32_t capacity;
  // Filled in.
  uint32_t depth;
  bool truncated;
  WalkEnd end;
  // Those of the last frame, where they are known (not by libunwind).
  Registers last;
};

// Thread-safe; in context kSignal async-signal-safe. Uses about 1 KiB of stack, 2
// where a frame has to be searched for (lost_frame.h).
// Bounds with a copy are another thread's stack: its modules may be unloaded
// meanwhile, nothing of them is touched (vanishing_module.h), and only one such
// walk goes on at a time.
void Unwind(const Registers& start, PcKind kind, const StackBounds& bounds, UnwindContext context,
            Frames* frames);

// Whether walks in hooks go by the modules' call frame information.
// Async-signal-safe.
bool WalksByTables();

// The word for one address, whoever's, by what is loaded there now.
// Async-signal-safe.
uintptr_t FrameWordOf(uintptr_t address);

// The registers a signal interrupted. Async-signal-safe.
Registers RegistersFromContext(const void* ucontext);

// At start: finds the vDSO, and loads libunwind if that is asked for. Returns
// the backend in use: kAuto if libunwind cannot be had. Not for hot code.
UnwinderBackend InitializeUnwinder(UnwinderBackend wanted);

}  // namespace pprofagent::hot
