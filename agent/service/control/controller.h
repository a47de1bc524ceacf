// SPDX-License-Identifier: Apache-2.0
//
// All that the agent does for one process: its dumps, CPU profiles, interval,
// and the files at its end. A controller belongs to one thread at a time (the
// constructor's, then the helper's, or the exiting thread's if no helper can be
// had) and has no locks. A forked child gets a new one: the parent's may have
// been in the middle of something.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/service/base/status.h"
#include "agent/service/control/cpu_sessions.h"
#include "agent/service/control/dumper.h"
#include "agent/service/control/kind_list.h"
#include "agent/service/control/memory_trace.h"
#include "agent/service/control/profile_path.h"
#include "agent/service/profile/wall_profile.h"

namespace pprofagent::service {

// What a verb came to: the files written or a sentence, and the failure.
struct Reply {
  Status status;
  std::vector<std::string> lines;
};

class Controller {
 public:
  // `options` must live as long as this; SetOption changes them.
  Controller(Options& options, const char* unwinder, const ProcessOrigin& origin);

  // Logs what the options name and the agent does not know; begins what they
  // ask for from the start of the process.
  void Begin();

  // --- What verbs do (verbs.h)
  Reply Dump(const Kinds& kinds);
  // Ends by itself after `seconds`, if positive.
  Reply StartCpu(int seconds);
  Reply StopCpu();
  // Dumps it when so many seconds are over.
  Reply StartWall(int seconds, int rate_hz);
  // By its name, with or without prefix.
  Reply SetOption(std::string_view name, std::string_view value);
  // From here on what adds up over time (allocations, delays, not what is in
  // use) counts from now.
  Reply Reset();
  bool IsCpuRequested() const { return is_cpu_requested_.load(std::memory_order_acquire); }
  const Kinds& signal_kinds() const { return signal_kinds_; }

  // What is recorded at this moment of a kind that can be (KindSpec::record),
  // since the last Reset.
  Recording Read(const KindSpec& kind) const;
  // Into a file of the caller's choice.
  Status DumpTo(const KindSpec& kind, const std::string& path) const;

  // --- For clients, who take what was recorded away with them
  // Whether a client, or a request, has one.
  bool IsClientCpuRunning() const {
    return cpu_.IsRunning(CpuSessions::kForClient) || cpu_.IsRunning(CpuSessions::kOnRequest);
  }
  Status BeginClientCpu(std::optional<int> rate_hz = std::nullopt) {
    return cpu_.Begin(CpuSessions::kForClient, rate_hz);
  }
  // Nothing if it does not run.
  std::optional<CpuInterval> EndClientCpu() { return cpu_.End(CpuSessions::kForClient); }
  // Of the wall clock one at a time, a client's or on request; as above.
  Status BeginClientWall(int rate_hz, std::optional<int32_t> only_tid = std::nullopt);
  std::optional<Recording> EndClientWall();
  ProfileContext Context() const { return {&options_, unwinder_}; }

  // --- Time
  // Does what is due by now.
  void RunDue(int64_t now_ns);
  // The moment something will be due; none if nothing will.
  std::optional<int64_t> NextDue() const;
  // Whether a helper must stay although there are no requests.
  bool NeedsHelper() const;

  // --- The end of the process
  // Callable on any thread at any time.
  bool HasExitWork() const;
  // Nothing is due afterwards: the process may end at any moment.
  void WriteAtExit();

  const ProcessOrigin& origin() const { return origin_; }
  Options& options() { return options_; }
  const Options& options() const { return options_; }
  const CpuSessions& cpu() const { return cpu_; }
  const Dumper& dumper() const { return dumper_; }
  const char* unwinder() const { return unwinder_; }

 private:
  Kinds KindsOfOption(const char* option, const std::vector<std::string>& names,
                      const char* fallback) const;
  bool WantsCpuThroughout() const;
  void DumpWall();
  Status Produce(const KindSpec& kind, ByteStream* stream) const;
  void WriteExitFile(const char* option, const std::string& value, const KindSpec& kind);

  Options& options_;
  const char* unwinder_;
  ProcessOrigin origin_;
  Kinds signal_kinds_;
  Kinds exit_kinds_;
  Dumper dumper_;
  CpuSessions cpu_;
  MemoryTrace memory_trace_;
  std::optional<WallProfile> wall_;
  // If it is on request.
  std::optional<int64_t> wall_end_ns_;
  // Whether cpu_ has a session on request; apart, for HasExitWork.
  std::atomic<bool> is_cpu_requested_{false};
  // The whole-process profile, ended for the files at exit.
  std::optional<CpuInterval> ended_cpu_;
  std::atomic<bool> is_wall_requested_{false};
  // As of the last Reset.
  std::vector<Recording> baselines_;
  std::optional<int64_t> cpu_end_ns_;
  std::optional<int64_t> next_interval_ns_;
  bool has_ended_ = false;
};

}  // namespace pprofagent::service
