// SPDX-License-Identifier: Apache-2.0
//
// Begins a system call anew that a signal of ours has ended early.
//
// The thread dump signals only threads that were running a moment ago. One of
// them may have entered a poll or a sleep in that moment: calls which the kernel
// does not restart after a handler, whatever SA_RESTART says, and the program
// would see an EINTR it never saw before. Since the call had only just begun, it
// is begun again as it was: the handler puts the program counter back onto the
// system call instruction and the call's number into its register (the kernel
// has left the arguments where they were; of a sleep it has written back what
// remains, which serves as well).
//
// It is our signal alone that is undone: all others are blocked while our handler
// runs, they and theirs come first if they are pending too (lower numbers do),
// and then it is their handler's entry that we interrupted and not the call.
// A signal that arrives meanwhile is delivered before the repeated call begins,
// as if it had come a moment earlier.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pprofagent::hot {

// True if there was such a call. `ucontext` is the handler's. False also if the
// call is one that must not be repeated (close, connect) or cannot be recognised.
// Async-signal-safe.
bool RestartInterruptedCall(void* ucontext);

// The number of the system call that the instruction at `code_end - 2` makes, by
// the instructions before it; -1 if they do not say. For tests.
long SyscallNumberBefore(const uint8_t* code_end, size_t bytes);

}  // namespace pprofagent::hot
