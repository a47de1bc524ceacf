// SPDX-License-Identifier: Apache-2.0
//
// The thread engine: what happens when the program makes a thread and when one
// ends. Its hooks are in agent/hot/hooks.h.
//
// A thread's end is seen by a pthread key's destructor, for return,
// pthread_exit and cancellation alike. libc calls destructors in rounds while
// any key still has a value, four at most; ours sets its value again until the
// last round, so that the program's own destructors are recorded like the rest.
#pragma once

namespace pprofagent::hot {

// Once, at start; before that threads are not followed. False: the program has
// used up all pthread keys.
bool StartThreadEngine();

// Gives the running thread a record and sees to it that its end is noticed: for
// threads that did not come through our pthread_create (the main thread, those
// of thrd_create, which libc makes by itself).
void FollowThisThread();

// Whether the program has made threads (not counting the agent's own), and they
// have not all ended.
bool ProgramHasThreads();

// In the child of a fork: it has one thread.
void ResetThreadsInChild();

}  // namespace pprofagent::hot
