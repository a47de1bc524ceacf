// SPDX-License-Identifier: Apache-2.0
//
// Memory for the few allocations made while the real allocator is being looked
// up. A static buffer, handed out once and never reused; each block carries its
// size so that realloc can copy it. When the buffer is used up, blocks come
// from mmap, still remembered as ours (their count is bounded by how little the
// loader allocates). Blocks are marked in the free filter by the caller, which
// keeps the question "is this one of them?" off the fast path of free.
#pragma once

#include <cstddef>

namespace pprofagent::hot {

// Zeroed, aligned to `alignment` (a power of two, at most a page). Null when
// the kernel refuses memory. Thread-safe, async-signal-safe.
void* BootstrapAllocate(size_t bytes, size_t alignment);
bool BootstrapOwns(const void* memory);
// Size asked for; `memory` must be owned.
size_t BootstrapBlockSize(const void* memory);

}  // namespace pprofagent::hot
