// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/free_filter.h"

namespace pprofagent::hot {

constinit std::atomic<uint8_t> g_free_filter[kRegionParts << kFreeFilterBits] = {};

}  // namespace pprofagent::hot
