// SPDX-License-Identifier: Apache-2.0
//
// Whether the thread pointer of the running thread is libc's.
//
// A program may start threads past libc (clone with CLONE_SETTLS) whose thread
// pointer leads to something of its own, or to nothing. Our signals reach such a
// thread as any other, and errno or thread_state.h would then be somebody else's
// memory. libc's thread descriptor begins with words of which the third is its own
// address; what does not look like that is not libc's. (A thread made by clone
// without that flag has its creator's, which is.)
#pragma once

namespace pprofagent::hot {

// Learns how the thread pointer is read. Before a handler asks.
void InitializeThreadPointer();

// Uses no thread-local storage, and no system call under seccomp.
// Async-signal-safe.
bool HasThreadPointerOfLibc();

}  // namespace pprofagent::hot
