// SPDX-License-Identifier: Apache-2.0
//
// The heap engine's controls; its hooks are in agent/hot/hooks.h.
#pragma once

#include <cstdint>

namespace pprofagent::hot {

// At start. Before, allocations are only counted.
void StartHeapEngine();

// See controls.h, SetHeapRate.
void SetHeapSamplingRate(int64_t rate);
int64_t HeapSamplingRate();

// Sampled blocks that found no room in the live map.
uint64_t UntrackedBlocks();

}  // namespace pprofagent::hot
