// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace pprofagent::hot {

// Calls visit(tid, context) for every thread of this process as /proc/self/task
// lists them, until visit returns false. Threads that start or end meanwhile
// may be seen or not. False if the list cannot be read. Opens one descriptor
// for the duration of the call. No libc, no allocation; not for signal handlers.
using TaskVisitor = bool (*)(int32_t tid, void* context);
bool ForEachTask(TaskVisitor visit, void* context);

// How many there are, by one system call and without a descriptor; 0 if nobody
// says.
uint64_t CountTasks();

}  // namespace pprofagent::hot
