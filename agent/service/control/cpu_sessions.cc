// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/cpu_sessions.h"

#include <string>

namespace pprofagent::service {
namespace {

Status StartEngine(int rate_hz) {
  switch (hot::StartCpu(rate_hz)) {
    case hot::CpuStart::kOk:
    case hot::CpuStart::kAlreadyRunning:
      return Status();
    case hot::CpuStart::kNoSignal:
      return Status::Error(
          "cannot profile CPU time: the program uses every real-time signal itself");
    case hot::CpuStart::kNoTimer:
      return Status::Error(
          "cannot profile CPU time: the kernel refuses timer_create (a sandbox, or ulimit -i)");
  }
  return Status();
}

}  // namespace

Status CpuSessions::Begin(Purpose purpose, std::optional<int> rate_hz) {
  // The text that Go has for it, which clients know.
  const bool is_other_running =
      purpose != kWholeProcess && (IsRunning(kOnRequest) || IsRunning(kForClient));
  if (IsRunning(purpose) || is_other_running) {
    return Status::Error("cpu profiling already in use");
  }
  const bool is_engine_running = hot::CpuRunning();
  const int engine_rate_hz = is_engine_running ? hot::CpuRate() : rate_hz.value_or(rate_hz_);
  if (rate_hz.value_or(engine_rate_hz) != engine_rate_hz) {
    return Status::Error("a CPU profile runs already, at " + std::to_string(engine_rate_hz) +
                         " Hz");
  }
  // Counting from before the engine starts, nothing of this interval is lost.
  CpuInterval interval;
  interval.Begin(engine_rate_hz);
  if (!is_engine_running) {
    if (Status status = StartEngine(engine_rate_hz); !status.ok()) return status;
  }
  session_[purpose] = std::move(interval);
  return Status();
}

std::optional<CpuInterval> CpuSessions::End(Purpose purpose) {
  if (!IsRunning(purpose)) return std::nullopt;
  std::optional<CpuInterval> ended = std::move(session_[purpose]);
  session_[purpose].reset();
  if (Running() == nullptr && !IsRunning(kForClient)) hot::StopCpu();
  ended->Stop();
  return ended;
}

const CpuInterval* CpuSessions::Running() const {
  if (IsRunning(kOnRequest)) return &*session_[kOnRequest];
  if (IsRunning(kWholeProcess)) return &*session_[kWholeProcess];
  return nullptr;
}

}  // namespace pprofagent::service
