// SPDX-License-Identifier: Apache-2.0
//
// What the CPU engine's two files share: see cpu.h for the rules.
#pragma once

#include <cstdint>

#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {

// In a record's cpu_session: somebody is giving the thread its timer or event.
inline constexpr uint32_t kCpuArming = UINT32_MAX;

uint32_t RunningCpuSession();
// Whether it still is; ordered with the end of a session.
bool IsCpuSession(uint32_t session);
uint64_t CpuPeriod();

// Gives every thread of the process that has none a timer.
void ArmAllTasks(uint32_t session);

// True for the one caller that takes the record out of the session.
bool DisarmCpuTimer(ThreadRecord* record, uint32_t session);

// For who has set cpu_session to kCpuArming.
void DeleteCpuTimer(ThreadRecord* record);
// A timer for a thread that is in the session already. False: refused.
bool ReplaceCpuTimer(ThreadRecord* record);

// Expirations that the thread's CPU time has earned it in this session and that
// did not reach the handler.
uint64_t MissingCpuExpirations(const ThreadRecord* record);

}  // namespace pprofagent::hot
