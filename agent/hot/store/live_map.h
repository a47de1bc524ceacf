// SPDX-License-Identifier: Apache-2.0
//
// The sampled blocks that are in use: address -> what was recorded of them.
//
// Shape: a chain of segments with open addressing, each four times as large as
// the one before, opened when the last is three quarters full. A slot's key is
// the block's address, or empty (never used: a search stops), or vacant (used
// before: an insertion may take it), or reserved (being filled).
//
// Writers: the thread that got the block from the allocator inserts it, before
// the program sees the address; the thread that frees it removes it, before the
// allocator can hand the address out again. So for one address there is never
// more than one writer at a time, and threads meet only when they compete for a
// slot, which a compare-and-swap settles. Values are written between reserving
// a slot and publishing the key (release). A signal handler may insert and
// remove as well; nobody ever waits for anybody.
//
// A block whose free escaped us (freed by code that bypasses the interposed
// functions) leaves a stale entry; who inserts the address again removes it
// first.
//
// No memory for a further segment: the block is not tracked as in use (its
// allocation still counts) and the drop is counted.
#pragma once

#include <cstdint>

#include "agent/hot/store/heap_buckets.h"

namespace pprofagent::hot {

struct LiveBlock {
  HeapBucket* bucket;
  uint64_t objects;  // scaled, as added to the bucket
  uint64_t bytes;    // scaled, as added to the bucket
};

// The address must not be there. False: no memory.
// All: async-signal-safe, thread-safe, lock-free, allocation-free.
bool InsertLive(const void* block, const LiveBlock& live);

// False if the address is not known.
bool RemoveLive(const void* block, LiveBlock* removed);

uint64_t LiveMapBytes();

}  // namespace pprofagent::hot
