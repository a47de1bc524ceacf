// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/cpu_sessions.h"

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

Status CpuSessions::Begin(Purpose purpose) {
  // The text that Go has for it, which clients know.
  const bool is_other_running =
      purpose != kWholeProcess && (IsRunning(kOnRequest) || IsRunning(kForClient));
  if (IsRunning(purpose) || is_other_running) {
    return Status::Error("cpu profiling already in use");
  }
  // Counting from before the engine starts, nothing of this interval is lost.
  CpuInterval interval;
  interval.Begin();
  if (!hot::CpuRunning()) {
    if (Status status = StartEngine(rate_hz_); !status.ok()) return status;
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
