// SPDX-License-Identifier: Apache-2.0
//
// Whether the program has put itself under seccomp. From then on a system call
// it does not make itself may kill it, and nothing can be written any more: the
// agent makes none and records nothing. A filter that was there before the
// program (a container's) does not count: it let the agent start.
//
// Set once, by the thread that enters the sandbox; never taken back but for an
// attempt that failed.
#pragma once

#include <atomic>

namespace pprofagent::hot {

inline constinit std::atomic<bool> g_sandboxed __attribute__((visibility("hidden"))){false};

// Async-signal-safe.
inline bool IsSandboxed() { return g_sandboxed.load(std::memory_order_relaxed); }

}  // namespace pprofagent::hot
