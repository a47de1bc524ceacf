// SPDX-License-Identifier: Apache-2.0
//
// A thread's last walk, so that the next one need only do what is new.
//
// Where every allocation is recorded, two walks of a thread that follow each
// other mostly have their outer frames in common. Where a frame's caller is
// depends on little: on the frame's address, its stack pointer, sometimes its
// frame pointer, and on the word where its return address lies. So a walk that
// comes upon a frame which the last one had at the same place, and finds all the
// words unchanged that the last one read from there on, would go the same way:
// one load and a comparison a frame instead of a step. This is no guess; what is
// compared is all that the steps would read.
//
//   - Return addresses: the word below each caller's stack pointer.
//   - Frame pointers, of frames whose rule is based on them: the word it was
//     loaded from, or the register, if nothing has saved it up to the common frame.
//   - Rules: a module may have been replaced by another at the same addresses; so
//     every module that the common frames lie in must have its old identity.
//
// Frames are kept from the outermost inwards, so that those in common stay where
// they are, each with the hash of the stack up to it. A walk that was all in
// common needs no hash and no look-up in the stack table: `stack` is the answer.
//
// Only frames with rules of the common, cached form (rule_cache.h) on a stack
// whose bounds are known are remembered; a walk that comes upon any other, is cut,
// or would be longer than the memo is left to Unwind, and for some samples after
// it memory is not asked.
//
// Owner: one thread, in hooks only. A memo that passes to another thread with
// its record needs no reset: nothing in it is believed without comparison.
#pragma once

#include <cstdint>

#include "agent/hot/unwind/module_lookup.h"
#include "agent/hot/unwind/unwinder.h"

namespace pprofagent::hot {

struct WalkMemo {
  static constexpr uint32_t kFrames = 256;
  static constexpr uint32_t kModules = 12;

  struct Frame {
    uintptr_t pc;  // as in Registers: a return address
    uintptr_t sp;
    // If the frame's rule is based on the frame pointer: its value, and the
    // address it was loaded from, 0: none. Otherwise kNotUsed.
    uintptr_t bp;
    uintptr_t bp_at;
    uint64_t hash;          // of the stack up to and with this frame
    uint32_t module_count;  // the first so many modules have it and its callers
    uint32_t generation;    // of its own (frame_word.h)

    // As stacks keep it.
    uintptr_t Word() const { return (pc - 1) | uintptr_t{generation} << kFrameAddressBits; }
  };
  struct KnownModule {
    uintptr_t lookup;
    uint64_t identity;
  };
  static constexpr uintptr_t kNotUsed = 1;

  // Outermost first.
  uint32_t depth;
  Frame frames[kFrames];
  KnownModule modules[kModules];
  // Where the outermost frame's return address is, which is 0; or 0: it has
  // none.
  uintptr_t end_at;
  // What the caller made of the last walk; null after a walk that is not kNew's
  // or kSame's.
  const void* stack;

  // Walks that do without memory, after one that could not be remembered.
  uint32_t pause;
  uint32_t next_pause;
  // A walk that is under way, leaf first.
  Frame fresh[kFrames];
};

enum class Recall : uint8_t {
  kNone,  // ask Unwind
  kSame,  // the last walk's frames: memo->stack is theirs; `frames` is not filled in
  kNew,   // the caller stores what it makes of them in memo->stack
};

// A walk in a hook, from a return address. Code in [excluded_begin,
// excluded_end) is not remembered. Thread-safe as its memo is the thread's own;
// not for signal handlers.
struct ExcludedCode {
  uintptr_t begin;
  uintptr_t end;
};
Recall WalkRemembering(const Registers& start, const StackBounds& bounds,
                       const ExcludedCode& excluded, WalkMemo* memo, Frames* frames,
                       uint64_t* hash);

}  // namespace pprofagent::hot
