// SPDX-License-Identifier: Apache-2.0
//
// The allocator's cycles, as the option MEMTRACE prints them: how the memory in
// use went up and down while so many bytes were allocated. What garbage
// collections are to a Go program: a program that grows shows growing figures,
// one that throws away what it allocates shows many cycles at one level.
//
// The figures are those of the heap engine's samples, which tells of each here;
// estimates therefore, exact where every allocation is recorded, and nearly so
// for large blocks. A cycle is over with the first sampled block that comes or
// goes after its goal is reached: as many bytes allocated as are in use, at
// least 4 MiB. So of a program that allocates much, uses it and frees it, each
// turn is a cycle which ends at its lowest point.
//
// Writers: all threads, in their allocations. Totals are atomics; who ends a
// cycle holds a lock that nobody waits for. A cycle that has ended lies in one
// place until the helper takes it; meanwhile, and for 10 ms after the last one,
// no further cycle ends, but goes on and becomes longer: nothing is lost, and a
// program that allocates gigabytes a second gets a hundred lines of it.
#pragma once

#include <cstdint>

#include "agent/hot/snapshot.h"

namespace pprofagent::hot {

// At start, before the heap engine's first sample. Without it all of this is
// nothing.
void StartMemoryTrace();

// In the heap engine: what a sample stands for, objects in fixed point
// (heap_buckets.h).
void TraceAllocated(uint64_t objects, uint64_t bytes);
void TraceFreed(uint64_t objects, uint64_t bytes);

// See controls.h.
bool TakeEndedCycle(MemoryCycle* cycle);
bool EndCycle(bool forced);

// In the child of a fork.
void ResetMemoryTraceInChild();

}  // namespace pprofagent::hot
