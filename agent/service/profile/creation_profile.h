// SPDX-License-Identifier: Apache-2.0
//
// The stacks that made threads, as a profile of kind threadcreate.
#pragma once

#include "agent/service/profile/kinds.h"
#include "agent/service/profile/recording.h"

namespace pprofagent::service {

Recording RecordThreadCreation(const KindSpec& kind, const ProfileContext& context);

}  // namespace pprofagent::service
