// SPDX-License-Identifier: Apache-2.0
//
// What a handler of ours does last about a call of the program that its signal has
// ended: begins it anew (interrupted_call.h), unless the program has a handler for the
// signal and expects the EINTR, or it was not our signal that ended the call.
//
// A call with a mask of its own (ppoll) that blocks our signal was ended by another
// one; ours waited meanwhile and came as soon as the call, and the other's handler,
// were over. Begun anew, the call would wait for what has already come.
//
// Time limits. A signal that somebody else sends comes at any time of a call, and a call
// that does not say how much of its time was left (poll, epoll_wait, nanosleep without a
// place for the rest) then takes that much longer.
#pragma once

namespace pprofagent::hot {

// True if there was such a call. `ucontext` is the handler's, in which all signals
// are blocked (Meanwhile::kBlockAll). Async-signal-safe.
bool RestartCallEndedBy(int signal, void* ucontext);

// All that can be undone where nobody knows when the signal was sent: not if a handler
// of the program's may have held it up (WasHeldUp).
void UndoInterruptionBy(int signal, void* ucontext);

}  // namespace pprofagent::hot
