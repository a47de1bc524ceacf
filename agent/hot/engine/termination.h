// SPDX-License-Identifier: Apache-2.0
//
// Signals that end the program (TERM, INT, HUP), where it leaves them at their
// default action and has files to write at its end.
//
// The handler asks the helper for the files and waits for them, on the program's
// thread: if it returned, an interrupted call would fail with EINTR, and the
// program would live on for some milliseconds in which it could say so or end in
// another way. Then it gives the signal back its default action and sends it
// again; the process ends as it would have without the agent.
//
// It waits ten seconds at the most: the thread may have been interrupted while it
// held a lock of the allocator's that the helper needs. Where no helper runs
// and none can be started (requests.h), the handler does return, into code that
// does not block or a wait that is restarted, and is called again by the request's
// timer; after half a second the process ends without its files.
//
// Should the program come to its end by itself meanwhile, in another thread or
// after the handler has returned, it ends by the signal all the same
// (EndByPendingSignal in controls.h).
//
// A program with a handler of its own decides itself what the signal means; the
// handler then passes it on. Faults (SEGV and the like) are left alone: whatever
// broke may be what writing takes.
#pragma once

namespace pprofagent::hot {

// Claims the signals. At start, where there are files to write at the end.
void StartTermination();

// In the child of a fork: the signal was not sent to it.
void ResetTerminationInChild();

// Just before a sandbox: it may forbid what the handler needs to end the process.
void StopTermination();
// There is none after all.
void ResumeTermination();

}  // namespace pprofagent::hot
