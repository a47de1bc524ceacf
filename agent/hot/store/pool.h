// SPDX-License-Identifier: Apache-2.0
//
// The one pool that stacks and buckets come from. 1 GiB of address space at the
// most: about 3 million stacks of depth 30 with a bucket each. Mapped in chunks
// of 256 KiB as needed.
#pragma once

#include "agent/hot/rt/mapped_pool.h"

namespace pprofagent::hot {

extern constinit MappedPool g_store_pool;

}  // namespace pprofagent::hot
