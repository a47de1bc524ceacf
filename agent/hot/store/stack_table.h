// SPDX-License-Identifier: Apache-2.0
//
// Every distinct stack, once: the engines hold pointers to these records, which
// are immutable from the moment they can be seen and stay for the life of the
// process. See intern_index.h for who may write when. A stack of depth n takes
// 16 + 8n bytes and a slot.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

struct StackRecord {
  uint64_t hash;
  uint32_t depth;
  bool truncated;
  uintptr_t pcs[];  // leaf first
};

// Null when there is no memory. Async-signal-safe, thread-safe, lock-free.
const StackRecord* InternStack(const uintptr_t* pcs, uint32_t depth, bool truncated);

// The same, for who knows HashOfStack(pcs, depth, truncated) already.
const StackRecord* InternHashedStack(uint64_t hash, const uintptr_t* pcs, uint32_t depth,
                                     bool truncated);

}  // namespace pprofagent::hot
