// SPDX-License-Identifier: Apache-2.0
//
// The entry points and the helper's loop, around one controller.
//
// Who may touch the controller: the thread in Start until it returns; then the
// helper; at the end the helper again, or the exiting thread if there is and
// can be none. exit_phase hands it over at the end, fork replaces it.
#include "agent/service/service.h"

#include <errno.h>
#include <linux/futex.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <utility>

#include "agent/hot/controls.h"
#include "agent/hot/rt/raw_syscall.h"
#include "agent/service/base/allocator.h"
#include "agent/service/base/clock.h"
#include "agent/service/base/process.h"
#include "agent/service/base/signal_block.h"
#include "agent/service/base/status.h"
#include "agent/service/control/helper_thread.h"
#include "agent/service/control/jobs.h"
#include "agent/service/control/verbs.h"
#include "agent/service/endpoints/endpoints.h"
#include "agent/service/http/server.h"
#include "agent/service/http/socket_file.h"
#include "agent/service/log/log.h"
#include "agent/service/options/anchor.h"
#include "agent/service/options/environment.h"
#include "agent/service/options/glob.h"
#include "agent/service/profile/custom_profiles.h"
#include "agent/service/symbol/debug_frame.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
// How often a helper looks after the threads of a CPU profile.
constexpr int64_t kTendNs = kNanosecondsPerSecond / 4;
// A helper without work stays this long, for the next request.
constexpr int64_t kLingerNs = 3 * kNanosecondsPerSecond;
// One that must stay all the same asks again this often whether it must.
constexpr int64_t kKeptNs = 30 * kNanosecondsPerSecond;
// Longest a process waits at its end for its files.
constexpr int64_t kExitWaitNs = 10 * kNanosecondsPerSecond;

enum ExitPhase : uint32_t { kRunning, kExiting, kWriting, kWritten };

// Never freed: other threads may use them until the process is gone.
constinit ParsedOptions* parsed_options = nullptr;
constinit std::atomic<Controller*> the_controller{nullptr};
constinit std::atomic<int> controller_pid{0};
constinit std::atomic<uint32_t> exit_phase{kRunning};

class KeepErrno {
 public:
  KeepErrno() : saved_(errno) {}
  ~KeepErrno() { errno = saved_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int saved_;
};

// The only exception there is, no memory, ends here and costs what was being
// done; to log it would take memory. False if that happened.
template <typename Function>
bool Guarded(const Function& function) {
  try {
    function();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void WriteExitFilesOnce() {
  uint32_t expected = kExiting;
  if (!exit_phase.compare_exchange_strong(expected, kWriting)) return;
  Guarded([] { the_controller.load()->WriteAtExit(); });
  exit_phase.store(kWritten);
  hot::RawSyscall(SYS_futex, &exit_phase, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0);
}

bool ServePending() {
  int value = 0;
  const uint32_t requests = hot::TakeRequests(&value);
  if ((requests & hot::kRequestRules) != 0) Guarded(LoadWantedDebugFrames);
  Guarded([requests, value] { RunRequests(*the_controller.load(), requests, value); });
  if ((requests & hot::kRequestEnd) != 0) {
    uint32_t expected = kRunning;
    exit_phase.compare_exchange_strong(expected, kExiting);
  }
  RunJobs(*the_controller.load());
  WriteExitFilesOnce();
  if ((requests & hot::kRequestEnd) != 0) hot::EndFilesWritten();
  return requests != 0;
}

void TendCpu() {
  static bool is_told = false;
  hot::TendCpu();
  const hot::PerfUse perf = hot::ReadPerfUse();
  if (is_told || !perf.wanted || perf.refusal == 0) return;
  is_told = true;
  Log(LogLevel::kWarn,
      "PPROFAGENT_CPU_ENGINE=perf: perf_event_open: " + ErrnoText(perf.refusal) +
          "; timers sample instead (see /proc/sys/kernel/perf_event_paranoid, ulimit -n, and what "
          "the container allows)");
}

// Whether an option asks for something that clients reach from the start.
bool MustServe() {
  const Options& options = parsed_options->options;
  return !options.http.empty() || options.socket_from_start;
}

// How long the helper may sleep; 0 if it should end.
int64_t WaitTime(const Controller& controller, int64_t now_ns, int64_t idle_since_ns) {
  if (hot::HelperMustEnd()) return 0;
  if (const std::optional<int64_t> due = controller.NextDue()) {
    return std::max<int64_t>(*due - now_ns, 1);
  }
  if (controller.NeedsHelper() || MustServe()) return -1;
  const int64_t left_ns = idle_since_ns + kLingerNs - now_ns;
  if (left_ns > 0) return left_ns;
  return hot::HelperMayEnd() ? 0 : kKeptNs;
}

// The doors that this helper keeps open as long as it lives. Null if there are
// none, or no memory for them.
std::unique_ptr<Server> NewServer(const Controller& controller, Endpoints* endpoints) {
  const Options& options = parsed_options->options;
  std::unique_ptr<Server> server;
  if (options.http.empty() && options.socket.empty()) return server;
  Guarded([&] {
    server = std::make_unique<Server>(options, controller.origin().is_fork_child,
                                      [endpoints](const Request& request, const Client& client) {
                                        return endpoints->Handle(request, client);
                                      });
  });
  return server;
}

// Sleeps until there is something to do. True if it was a client's.
bool WaitForWork(Server* server, int64_t wait_ns) {
  if (server == nullptr) {
    hot::WaitForRequest(wait_ns);
    return false;
  }
  bool has_clients = false;
  const bool done = Guarded([&] { has_clients = server->WaitAndServe(wait_ns); });
  // Without memory, the clients wait until there is some.
  if (!done) hot::WaitForRequest(std::clamp<int64_t>(wait_ns, 0, kNanosecondsPerSecond));
  return has_clients;
}

void ServeUntilIdle() {
  int64_t idle_since_ns = MonotonicClock();
  Controller& controller = *the_controller.load();
  Endpoints endpoints(&controller);
  const std::unique_ptr<Server> server = NewServer(controller, &endpoints);
  for (;;) {
    hot::ParkIfWanted();
    const bool was_busy = ServePending();
    Guarded([&controller] { controller.RunDue(MonotonicClock()); });
    const int64_t now_ns = MonotonicClock();
    if (was_busy) idle_since_ns = now_ns;
    int64_t wait_ns = WaitTime(controller, now_ns, idle_since_ns);
    if (wait_ns == 0) return;
    if (hot::CpuRunning()) {
      Guarded(TendCpu);
      wait_ns = wait_ns < 0 ? kTendNs : std::min(wait_ns, kTendNs);
    }
    if (WaitForWork(server.get(), wait_ns)) idle_since_ns = MonotonicClock();
  }
}

void InstallController(const char* unwinder, const ProcessOrigin& origin) {
  auto* controller = new Controller(parsed_options->options, unwinder, origin);
  controller->Begin();
  the_controller.store(controller);
  controller_pid.store(getpid());
  if (controller->NeedsHelper() || MustServe()) hot::MakeRequest(hot::kRequestHelper);
}

void Claim(int signal, hot::Request request, const char* option) {
  if (signal == 0 || hot::ClaimSignal(signal, request)) return;
  Log(LogLevel::kWarn, std::string("PPROFAGENT_") + option + ": signal " + std::to_string(signal) +
                           " cannot be had, the agent does not listen to it");
}

// Until the files are written, or the time is over.
void WaitForExitFiles() {
  const int64_t end_ns = MonotonicClock() + kExitWaitNs;
  for (;;) {
    const uint32_t phase = exit_phase.load();
    const int64_t left_ns = end_ns - MonotonicClock();
    if (phase == kWritten || left_ns <= 0) return;
    const timespec left = {left_ns / kNanosecondsPerSecond, left_ns % kNanosecondsPerSecond};
    hot::RawSyscall(SYS_futex, &exit_phase, FUTEX_WAIT_PRIVATE, phase, &left, 0, 0);
  }
}

// Our writing must neither kill the program nor be a place where one of its
// threads is cancelled.
void WriteExitFilesHere() {
  int cancel_state = 0;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
  {
    const BlockWriteSignals block;
    ServePending();
  }
  pthread_setcancelstate(cancel_state, nullptr);
}

}  // namespace

const Options& ReadOptions(const char* const* environment) {
  const KeepErrno keep_errno;
  const hot::Unrecorded unrecorded;
  parsed_options = new ParsedOptions(ParseEnvironment(environment));
  AnchorPaths(&parsed_options->options);
  return parsed_options->options;
}

bool ActiveIn(const Options& options) {
  const KeepErrno keep_errno;
  const hot::Unrecorded unrecorded;
  const std::string started_as = ExecutableName();
  const std::string file = ExecutableFileName();
  for (const std::string& pattern : options.only) {
    if (GlobMatches(pattern, started_as) || GlobMatches(pattern, file)) return true;
  }
  return false;
}

void Start(const StartInfo& info) {
  const KeepErrno keep_errno;
  const hot::Unrecorded unrecorded;
  Guarded([&info] {
    const Options& options = parsed_options->options;
    ConfigureLog(options);
    RememberCommandLine();
    FindAllocator();
    for (const std::string& problem : parsed_options->problems) Log(LogLevel::kWarn, problem);
    Guarded(LoadWantedDebugFrames);
    SetAllocatorThreadStarter(StartAgentThread);
    ConfigureHelper(info.pthread_create, {ServeUntilIdle, ServePending,
                                          options.log == "stderr" || options.memtrace_ns > 0});
    InstallController(info.unwinder, {.is_fork_child = false, .load_wall_ns = WallClock()});
    Claim(options.signal, hot::kRequestDump, "SIGNAL");
    Claim(options.signal_cpu, hot::kRequestToggleCpu, "SIGNAL_CPU");
    if (the_controller.load()->HasExitWork()) hot::WatchForEnd();
  });
}

void AfterForkInChild() {
  const KeepErrno keep_errno;
  const hot::Unrecorded unrecorded;
  const Controller* parent = the_controller.load();
  if (parent == nullptr) return;
  ForgetHelper();
  ForgetSocketFiles();
  ForgetJobs();
  CustomProfilesAfterFork();
  exit_phase.store(kRunning);
  Guarded([parent] {
    InstallController(parent->unwinder(), {.is_fork_child = true, .load_wall_ns = WallClock()});
  });
}

void AtExit() {
  const KeepErrno keep_errno;
  const hot::Unrecorded unrecorded;
  const Controller* controller = the_controller.load();
  if (controller == nullptr) return;
  if (!controller->HasExitWork()) {
    if (HasSocketFiles() && controller_pid.load() == getpid()) RemoveSocketFiles();
    return;
  }
  // A child made without fork (vfork, _Fork, clone) ends in our memory, but
  // nothing here is about it. Asked last: without work there is no system call,
  // for which a sandbox might kill the program.
  if (controller_pid.load() != getpid()) return;
  if (hot::EndsInHandler()) return;
  uint32_t expected = kRunning;
  const bool is_first = exit_phase.compare_exchange_strong(expected, kExiting);
  if (is_first && !StartHelperThread()) {
    WriteExitFilesHere();
  } else {
    hot::MakeRequest(hot::kRequestHelper);
    WaitForExitFiles();
  }
  RemoveSocketFiles();
  hot::EndByPendingSignal();
}

}  // namespace pprofagent::service
