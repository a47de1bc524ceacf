// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the unwinder share: walks by our unwinder and by libunwind
// in one form, lookup addresses, leaf first.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/hot/unwind/unwinder.h"

// A function that is neither inlined, nor cloned, nor looked into by its callers.
#if defined(__clang__)
#define OPAQUE __attribute__((noinline, optnone))
#else
#define OPAQUE __attribute__((noinline, noipa))
#endif

namespace pprofagent::hot {

inline constexpr uint32_t kMostFrames = 1024;

// The running thread's, from libc; allocates.
StackBounds ThisThreadsStack();

struct Walk {
  uintptr_t pcs[kMostFrames];
  uint32_t depth;
  bool truncated;
  WalkEnd end;
};

// Finds libunwind; false if it is not installed.
bool LoadOracle();

// Both async-signal-safe as far as the unwinders are. `interrupted` is the third
// argument of a signal handler.
void WalkByUs(const void* interrupted, const StackBounds& bounds, Walk* walk);
void WalkByLibunwind(const void* interrupted, Walk* walk);

// From the caller of this function, as a hook does. Allocates nothing.
[[gnu::noinline]] void WalkFromCaller(const StackBounds& bounds, Walk* walk,
                                      uint32_t capacity = kMostFrames);

bool Same(const Walk& a, const Walk& b);
// Whether the outermost frames of `walk` are those of `tail`.
bool EndsWith(const Walk& walk, const Walk& tail);

// Whether every frame lies in a loaded object. Async-signal-safe.
bool AllInModules(const Walk& walk);

// Names where dladdr knows them, for messages.
std::string Describe(const Walk& walk);

// The name of each frame's function, from the dynamic symbol table.
std::vector<std::string> Names(const Walk& walk);

}  // namespace pprofagent::hot
