// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/syscall.h>

namespace pprofagent::preload {

inline bool IsNamespaceCall(long number) { return number == SYS_unshare || number == SYS_setns; }

// unshare and setns by their numbers, as syscall() answers them.
long NamespaceCall(long number, long a, long b);

}  // namespace pprofagent::preload
