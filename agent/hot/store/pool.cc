// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/store/pool.h"

namespace pprofagent::hot {

constinit MappedPool g_store_pool(size_t{256} << 10, size_t{1} << 30);

}  // namespace pprofagent::hot
