// SPDX-License-Identifier: Apache-2.0
//
// Every distinct stack, once for each set of labels under which it was seen: the
// engines hold pointers to these records, which are immutable from the moment they
// can be seen and stay for the life of the process. See intern_index.h for who may
// write when. A stack of depth n takes 16 + 8n bytes and a slot.
//
// The labels are part of the record, not of the buckets, because then no engine
// has to know of them. A program pays for that with a copy of the stack for each
// set, and one without labels with nothing: the number fills what was padding.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

struct StackRecord {
  uint64_t hash;  // of the labels too
  uint16_t depth;
  bool truncated;
  uint32_t labels;  // label_sets.h; 0: none
  uintptr_t pcs[];  // leaf first
};
static_assert(sizeof(StackRecord) == 16);

// Null when there is no memory. Async-signal-safe, thread-safe, lock-free.
const StackRecord* InternStack(const uintptr_t* pcs, uint32_t depth, bool truncated,
                               uint32_t labels = 0);

// The same, for who knows HashOfStack(pcs, depth, truncated) already.
const StackRecord* InternHashedStack(uint64_t hash, const uintptr_t* pcs, uint32_t depth,
                                     bool truncated, uint32_t labels);

}  // namespace pprofagent::hot
