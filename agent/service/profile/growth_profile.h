// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/service/profile/recording.h"

namespace pprofagent::service {

// The stacks by which the heap has grown.
Recording RecordGrowth(const KindSpec& kind, const ProfileContext& context);

}  // namespace pprofagent::service
