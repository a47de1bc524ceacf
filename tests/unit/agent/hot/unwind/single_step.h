// SPDX-License-Identifier: Apache-2.0
//
// Runs a function with the processor's trap flag set: a SIGTRAP after each of
// its instructions and those of all it calls, in user mode.
#pragma once

#include <signal.h>

namespace pprofagent::hot {

// At each instruction: the third argument of the signal handler. Runs in the
// handler.
using Observer = void (*)(void* interrupted);

// `function(argument)`, observed; its result. On an alternate signal stack if
// the thread has one.
long StepThrough(long (*function)(long), long argument, Observer observer);

}  // namespace pprofagent::hot
