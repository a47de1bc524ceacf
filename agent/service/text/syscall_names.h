// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pprofagent::service {

// "fsync"; "number 999" for one that is not in the list of those that block.
std::string SyscallName(long number);

// What a thread blocked in it is doing, in the words of the thread dump: "sleep",
// "poll", "io wait (read)"; "syscall NAME" for all others.
std::string SyscallState(long number);

}  // namespace pprofagent::service
