// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pprofagent::service {

// Makes the program's allocator give back to the system what it keeps for
// later: what gc=1 means where there is no garbage collector.
void ReleaseMemory();

}  // namespace pprofagent::service
