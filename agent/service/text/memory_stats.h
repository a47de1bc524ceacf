// SPDX-License-Identifier: Apache-2.0
//
// The block of comments at the end of a heap text that Go fills from its
// runtime.MemStats, from what libc and the kernel know of this process: the same
// names in the same order, then lines that only a native program has.
#pragma once

#include <string>

namespace pprofagent::service {

// A line says which numbers are estimates from heap samples.
//
// Takes the locks of libc's arenas, one after the other.
std::string MemoryStats();

}  // namespace pprofagent::service
