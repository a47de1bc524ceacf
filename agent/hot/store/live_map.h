// SPDX-License-Identifier: Apache-2.0
//
// The sampled blocks that are in use: address -> what was recorded of them.
//
// Shape: 16 parts by the region that a block lies in (free_filter.h), so that
// threads with arenas of their own do not meet. Each part is a chain of segments,
// every one four times as large as the one before. A segment is an array of lines
// of four slots, one cache line each; a block's home is one of the lines, or,
// when that is full, one of the three after it. Every line has a count, in an
// array apart, of the blocks that are at home in it and lie elsewhere: while it is
// 0, a search ends in the first line. So a search of a segment touches one cache
// line as a rule, whatever has come and gone before.
//
// A slot is two words: 48 bits of each are the block's address and its bucket;
// the 16 bits left over of each hold by how much the block is larger than its
// bucket's size class. The weights follow from size and bucket.
//
// Writers: the thread that got the block from the allocator inserts it, before
// the program sees the address; the thread that frees it removes it, before the
// allocator can hand the address out again. So for one address there is never
// more than one writer at a time, and threads meet only when they compete for a
// free slot, which a compare-and-swap of its first word settles; the second is
// written after that, since nobody looks for the block yet. A signal handler may
// insert and remove as well; nobody ever waits for anybody.
//
// A block whose free escaped us (freed by code that bypasses the interposed
// functions) leaves a stale entry; who inserts the address again removes it
// first.
//
// Four full lines: a further segment is opened. No memory for one: the block is
// not tracked as in use (its allocation still counts) and the drop is counted.
#pragma once

#include <cstdint>

#include "agent/hot/store/heap_buckets.h"

namespace pprofagent::hot {

struct LiveBlock {
  HeapBucket* bucket;
  uint64_t size;  // of the bucket's size class
};

// Gets the lines in which the block may lie or come to lie closer to the
// processor. It may be any address.
void PrefetchLive(const void* block);

// The address must not be there. False: no memory.
// All: async-signal-safe, thread-safe, lock-free, allocation-free.
bool InsertLive(const void* block, const LiveBlock& live);

// False if the address is not known.
bool RemoveLive(const void* block, LiveBlock* removed);

uint64_t LiveMapBytes();

}  // namespace pprofagent::hot
