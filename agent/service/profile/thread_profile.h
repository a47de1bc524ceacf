// SPDX-License-Identifier: Apache-2.0
//
// The threads of the process as a profile of kind goroutine.
#pragma once

#include <cstdint>

#include "agent/service/profile/kinds.h"
#include "agent/service/profile/recording.h"

namespace pprofagent::service {

// One count for each thread at its stack.
Recording RecordThreads(const KindSpec& kind, const ProfileContext& context);
// Of this thread only.
Recording RecordThread(const KindSpec& kind, int32_t tid);

}  // namespace pprofagent::service
