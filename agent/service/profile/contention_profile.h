// SPDX-License-Identifier: Apache-2.0
//
// The contention engine's records as profiles of kind mutex, block and
// contention. All are cumulative since the process began, as Go's are.
#pragma once

#include "agent/service/profile/kinds.h"
#include "agent/service/profile/recording.h"

namespace pprofagent::service {

Recording RecordMutex(const KindSpec& kind, const ProfileContext& context);
// With the label `kind`: mutex, rwlock, cond, sem, join, barrier, sleep,
// io.
Recording RecordBlock(const KindSpec& kind, const ProfileContext& context);
// Two samples for each pair of stacks, with the same values: labels `role`
// (waiter, holder), `object` (the lock's address) and `pair`, a number that both
// have.
Recording RecordContention(const KindSpec& kind, const ProfileContext& context);

}  // namespace pprofagent::service
