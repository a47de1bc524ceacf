// SPDX-License-Identifier: Apache-2.0
//
// The CPU profiles that run: one from the start of the process to its end if
// an option asks for it, and at the same time one more, either on request, for
// the dump directory, or for a client. They share the CPU engine, which runs as
// long as any of them does.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/service/base/status.h"
#include "agent/service/profile/cpu_profile.h"

namespace pprofagent::service {

class CpuSessions {
 public:
  enum Purpose { kWholeProcess, kOnRequest, kForClient };

  explicit CpuSessions(int rate_hz) : rate_hz_(rate_hz) {}

  // Of sessions that begin when none runs.
  void SetRate(int rate_hz) { rate_hz_ = rate_hz; }
  // At a rate of its own, if `rate_hz` is given: refused while another session has
  // the engine run at another one.
  Status Begin(Purpose purpose, std::optional<int> rate_hz = std::nullopt);
  // Ends a session; its interval remains to be written. Nothing if it did not
  // run.
  std::optional<CpuInterval> End(Purpose purpose);
  // The interval of a session that goes on, not a client's: of that on request
  // if there is one.
  const CpuInterval* Running() const;
  bool IsRunning(Purpose purpose) const { return session_[purpose].has_value(); }

 private:
  int rate_hz_;
  std::optional<CpuInterval> session_[3];
};

}  // namespace pprofagent::service
