// SPDX-License-Identifier: Apache-2.0
//
// The options of the agent as values. option_table.h declares each once; they
// are read from the environment when the agent is loaded and constant from
// then on, so any thread may read them; but those that OptionSpec::live marks
// may be set on the helper, and are read there only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pprofagent::service {

enum class UnwinderChoice : uint8_t { kAuto, kFramePointers, kLibunwind };

enum class CpuEngineChoice : uint8_t { kTimer, kPerf };

// Samples per second of CPU time.
inline constexpr int kMaxCpuRate = 4000;

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError, kOff };

// Texts with %-letters are patterns, expanded when used (expand.h): the pid
// changes with every fork, the user with a privilege drop. Empty means off.
struct Options {
  std::string dir;
  int signal = 0;  // 0: none
  std::vector<std::string> signal_profiles;
  int signal_cpu = 0;
  int64_t heap_rate = 0;
  int cpu_rate = 0;
  int64_t mutex_fraction = 0;
  int64_t block_rate = 0;  // nanoseconds
  bool block_io = false;
  CpuEngineChoice cpu_engine = CpuEngineChoice::kTimer;
  uint32_t stack_depth = 0;
  UnwinderChoice unwinder = UnwinderChoice::kAuto;
  std::string cpuprofile;
  std::string memprofile;
  std::string blockprofile;
  std::string mutexprofile;
  std::string outputdir;
  std::vector<std::string> exit_profiles;
  int64_t interval_ns = 0;  // 0: off
  int keep = 0;
  int64_t memtrace_ns = 0;  // the longest a cycle takes; 0: no trace
  std::vector<std::string> only;
  // Programs executed by this one that get the agent, too.
  std::vector<std::string> follow;
  bool http_control = false;
  std::string http;  // of the form of listen_address.h
  std::string socket;
  // The socket was asked for, so a helper shall be there from the start.
  bool socket_from_start = false;
  std::string log;
  LogLevel log_level = LogLevel::kWarn;
  // Each value as it was given, in the order of the table.
  std::vector<std::string> texts;
};

}  // namespace pprofagent::service
