// SPDX-License-Identifier: Apache-2.0
//
// The allocator that serves the program's malloc, asked so that a program that
// hangs in it, or in the loader, can still be looked at.
//
// Its own functions are looked up once, when the agent starts: dlsym waits for the
// loader's lock, which a library being opened holds while its constructors run.
// Its questions wait for the locks of all its arenas, which a thread may never
// give back (a signal handler that calls malloc in the middle of malloc). So they
// are asked on a thread made for it; if no answer comes in time, that thread is
// left behind, and until it has come back nothing more is asked. Who asks is one
// thread at a time, the helper.
#pragma once

#include <malloc.h>
#include <pthread.h>

#include <optional>
#include <string_view>

namespace pprofagent::service {

// While the agent starts. Not called: glibc.
void FindAllocator();
std::string_view AllocatorName();

// Starts a thread of the agent: 0 or an errno. Without one, questions are asked
// where they come up.
using ThreadStarter = int (*)(void* (*main)(void*), void* argument, pthread_t* thread);
void SetAllocatorThreadStarter(ThreadStarter starter);

// What libc's allocator says of itself; nothing: it does not answer.
std::optional<struct mallinfo2> ReadMallinfo();

// Makes it give back to the system what it keeps for later; false: it does not
// answer.
bool ReleaseFreeMemory();

}  // namespace pprofagent::service
