// SPDX-License-Identifier: Apache-2.0
//
// The heap engine's records as a profile of kind heap or allocs.
#pragma once

#include "agent/service/profile/kinds.h"
#include "agent/service/profile/recording.h"

namespace pprofagent::service {

// What is recorded at this moment, for either kind.
Recording RecordHeap(const KindSpec& kind, const ProfileContext& context);

}  // namespace pprofagent::service
