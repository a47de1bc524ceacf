// SPDX-License-Identifier: Apache-2.0
#include "agent/service/options/option_table.h"

#include <limits>

#include "agent/hot/controls.h"
#include "agent/service/options/edit_distance.h"
#include "agent/service/options/listen_address.h"
#include "agent/service/options/parse_value.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kMinIntervalNs = 100'000'000;
constexpr int64_t kMaxKeep = 1'000'000;
constexpr int64_t kMaxMutexFraction = 1'000'000;

template <typename T>
bool Take(std::optional<T> value, T* field) {
  if (!value) return false;
  *field = std::move(*value);
  return true;
}

template <typename T>
bool TakeInteger(std::string_view text, int64_t min, int64_t max, T* field) {
  const std::optional<int64_t> value = ParseInteger(text, max);
  if (!value || *value < min) return false;
  *field = static_cast<T>(*value);
  return true;
}

// Shorter ones would keep a processor busy with nothing but dumps.
bool TakeInterval(std::string_view text, int64_t* field) {
  const std::optional<int64_t> interval = ParseDuration(text);
  if (!interval || (*interval != 0 && *interval < kMinIntervalNs)) return false;
  *field = *interval;
  return true;
}

// A bare number is nanoseconds, as Go's SetBlockProfileRate takes them.
bool TakeRate(std::string_view text, int64_t* field) {
  constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();
  std::optional<int64_t> rate = ParseInteger(text, kHighest);
  if (!rate) rate = ParseDuration(text);
  if (!rate) return false;
  *field = *rate;
  return true;
}

constexpr std::string_view kDefaultMemtrace = "10s";

bool TakeMemtrace(std::string_view text, int64_t* field) {
  return TakeInterval(text == "1" ? kDefaultMemtrace : text, field);
}

bool TakeFollow(std::string_view text, std::vector<std::string>* field) {
  return Take(ParseList(EqualsIgnoringCase(text, "all") ? "*" : text), field);
}

bool TakeText(std::string_view text, std::string* field) {
  *field = text;
  return true;
}

bool TakeFile(std::string_view text, std::string* field) {
  *field = EqualsIgnoringCase(text, "off") ? std::string_view() : text;
  return true;
}

bool TakeListenAddress(std::string_view text, std::string* field) {
  if (text.empty() || EqualsIgnoringCase(text, "off")) {
    field->clear();
    return true;
  }
  return ParseListenAddress(text) && TakeText(text, field);
}

constexpr std::string_view kDefaultSocket = "%d/%e.%p.sock";

bool TakeSocket(std::string_view text, Options* to) {
  if (text.empty() || text.ends_with('/')) return false;
  const bool is_on = EqualsIgnoringCase(text, "on");
  to->socket_from_start = is_on || text != kDefaultSocket;
  if (EqualsIgnoringCase(text, "off")) {
    to->socket_from_start = false;
    to->socket.clear();
  } else {
    to->socket = is_on ? kDefaultSocket : text;
  }
  return true;
}

bool TakeSwitch(std::string_view text, bool* field) {
  if (text != "0" && text != "1") return false;
  *field = text == "1";
  return true;
}

template <typename T, size_t kCount>
bool TakeChoice(std::string_view text, const std::pair<std::string_view, T> (&choices)[kCount],
                T* field) {
  for (const auto& [name, value] : choices) {
    if (!EqualsIgnoringCase(name, text)) continue;
    *field = value;
    return true;
  }
  return false;
}

constexpr std::pair<std::string_view, CpuEngineChoice> kCpuEngines[] = {
    {"auto", CpuEngineChoice::kTimer},
    {"timer", CpuEngineChoice::kTimer},
    {"perf", CpuEngineChoice::kPerf},
};

constexpr std::pair<std::string_view, UnwinderChoice> kUnwinders[] = {
    {"auto", UnwinderChoice::kAuto},
    {"fp", UnwinderChoice::kFramePointers},
    {"libunwind", UnwinderChoice::kLibunwind},
};

constexpr std::pair<std::string_view, bool> kBlockKinds[] = {{"sync", false}, {"all", true}};

constexpr std::pair<std::string_view, LogLevel> kLogLevels[] = {
    {"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn},
    {"error", LogLevel::kError}, {"off", LogLevel::kOff},
};

constexpr std::string_view kSizeForm = "a size such as 4096, 512k or 1M";
constexpr std::string_view kSignalForm = "a signal such as USR1, SIGUSR1, RTMIN+3, 10 or none";
constexpr std::string_view kListForm = "a list separated by commas";
constexpr std::string_view kPathForm = "a path";

using Text = std::string_view;

constexpr OptionSpec kTable[] = {
    {"DIR", "/tmp/pprofagent-%u", "the path of a directory",
     "dump directory, made private if missing; %e executable, %p pid, %u user id, %h host",
     [](Text text, Options* to) { return !text.empty() && TakeText(text, &to->dir); }},
    {"SIGNAL", "USR1", kSignalForm, "signal that dumps the profiles of SIGNAL_PROFILES",
     [](Text text, Options* to) { return Take(ParseSignal(text), &to->signal); }},
    {"SIGNAL_PROFILES", "heap", kListForm,
     "profiles dumped on SIGNAL: heap, allocs, mutex, block, contention, threadcreate, goroutine, "
     "growth, cpu (what the running CPU profile has so far)",
     [](Text text, Options* to) { return Take(ParseList(text), &to->signal_profiles); }},
    {"SIGNAL_CPU", "none", kSignalForm,
     "signal that starts a CPU profile, and dumps it when it arrives again; sent with a number "
     "(sigqueue), the profile ends by itself after so many seconds",
     [](Text text, Options* to) { return Take(ParseSignal(text), &to->signal_cpu); }},
    {"HEAP_RATE", "512k", kSizeForm,
     "mean bytes between heap samples; 1 records every allocation, 0 none",
     [](Text text, Options* to) { return Take(ParseSize(text), &to->heap_rate); }, true},
    {"CPU_RATE", "100", "a number from 1 to 4000", "CPU samples per second of CPU time",
     [](Text text, Options* to) { return TakeInteger(text, 1, kMaxCpuRate, &to->cpu_rate); }, true},
    {"MUTEX_FRACTION", "1", "a number from 0 to 1000000",
     "one of so many contended unlocks is recorded in the mutex and contention profiles; 0: none",
     [](Text text, Options* to) {
       return TakeInteger(text, 0, kMaxMutexFraction, &to->mutex_fraction);
     },
     true},
    {"BLOCK_RATE", "1ms", "a duration such as 1ms or 100us, a number of nanoseconds, or 0",
     "waits of at least this long are recorded in the block profile, shorter ones in proportion; "
     "1ns: all, 0: none",
     [](Text text, Options* to) { return TakeRate(text, &to->block_rate); }, true},
    {"BLOCK_KINDS", "sync", "one of sync, all",
     "waits in the block profile: sync (locks, conditions, semaphores, barriers, joins) or all "
     "(also sleeps, input and output)",
     [](Text text, Options* to) { return TakeChoice(text, kBlockKinds, &to->block_io); }},
    {"CPU_ENGINE", "auto", "one of auto, timer, perf",
     "what samples CPU time: timer (the kernel's tick), perf (finer; needs permission)",
     [](Text text, Options* to) { return TakeChoice(text, kCpuEngines, &to->cpu_engine); }},
    {"STACK_DEPTH", "128", "a number from 1 to 1024", "frames recorded of a stack",
     [](Text text, Options* to) {
       return TakeInteger(text, 1, hot::kMaxStackDepth, &to->stack_depth);
     },
     true},
    {"UNWINDER", "auto", "one of auto, fp, libunwind", "how stacks are found: auto, fp, libunwind",
     [](Text text, Options* to) { return TakeChoice(text, kUnwinders, &to->unwinder); }},
    {"CPUPROFILE", "", kPathForm, "file for a CPU profile from start to exit",
     [](Text text, Options* to) { return TakeFile(text, &to->cpuprofile); }},
    {"MEMPROFILE", "", kPathForm, "file for an allocation profile written at exit",
     [](Text text, Options* to) { return TakeFile(text, &to->memprofile); }},
    {"BLOCKPROFILE", "", kPathForm, "file for a block profile written at exit",
     [](Text text, Options* to) { return TakeFile(text, &to->blockprofile); }},
    {"MUTEXPROFILE", "", kPathForm, "file for a mutex profile written at exit",
     [](Text text, Options* to) { return TakeFile(text, &to->mutexprofile); }},
    {"OUTPUTDIR", "", kPathForm,
     "directory of CPUPROFILE, MEMPROFILE and the like where these are relative; otherwise the "
     "directory "
     "the program was started in",
     [](Text text, Options* to) { return TakeText(text, &to->outputdir); }},
    {"EXIT_PROFILES", "none", kListForm,
     "profiles dumped when the process ends; with cpu, a CPU profile runs from the start",
     [](Text text, Options* to) { return Take(ParseList(text), &to->exit_profiles); }},
    {"INTERVAL", "off", "off, or a duration from 100ms on, such as 500ms, 30s or 10m",
     "dump EXIT_PROFILES (heap if none) every so often",
     [](Text text, Options* to) { return TakeInterval(text, &to->interval_ns); }},
    {"KEEP", "32", "a number from 1 to 1000000",
     "newest dumps kept of each kind of this process; older ones are deleted",
     [](Text text, Options* to) { return TakeInteger(text, 1, kMaxKeep, &to->keep); }, true},
    {"MEMTRACE", "off", "1, off, or a duration from 100ms on, such as 500ms or 30s",
     "1: a line on the standard error for each cycle of the allocator, at the latest every 10 s; a "
     "duration: at the latest so often",
     [](Text text, Options* to) { return TakeMemtrace(text, &to->memtrace_ns); }},
    {"ONLY", "*", kListForm, "names of the executables (with * and ?) in which the agent is active",
     [](Text text, Options* to) { return Take(ParseList(text), &to->only); }},
    {"FOLLOW", "all", "all, none or a list separated by commas",
     "programs that this one executes and that get the agent as well: all, none, or names (with * "
     "and ?); it is taken out of LD_PRELOAD for the others",
     [](Text text, Options* to) { return TakeFollow(text, &to->follow); }},
    {"HTTP", "off",
     "host:port (an address or localhost), :port (this machine only), unix:PATH or off",
     "where profiles are served by HTTP, as Go's net/http/pprof does",
     [](Text text, Options* to) { return TakeListenAddress(text, &to->http); }},
    {"HTTP_CONTROL", "0", "0 or 1",
     "1: the program may also be controlled by TCP, where HTTP listens",
     [](Text text, Options* to) { return TakeSwitch(text, &to->http_control); }},
    {"SOCKET", kDefaultSocket, "a path, on or off",
     "Unix socket for profiles and control, while the agent has a thread; on, or a path: from "
     "the "
     "start",
     TakeSocket},
    {"LOG", "%d/%e.%p.log", "a path, stderr or off",
     "file for the agent's messages, made when there is one; %d dump directory; stderr; off",
     [](Text text, Options* to) { return TakeFile(text, &to->log); }},
    {"LOG_LEVEL", "warn", "one of debug, info, warn, error, off",
     "least grave messages logged: debug, info, warn, error, off",
     [](Text text, Options* to) { return TakeChoice(text, kLogLevels, &to->log_level); }},
};

constexpr size_t kMaxQuoted = 80;

// A value for the log: one line, not endless.
std::string Quoted(std::string_view value) {
  std::string quoted = "\"";
  for (char c : value.substr(0, kMaxQuoted)) {
    const bool printable = static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
    quoted += printable ? c : '?';
  }
  return quoted + (value.size() > kMaxQuoted ? "...\"" : "\"");
}

std::string FullName(std::string_view name) {
  return std::string(kOptionPrefix) + std::string(name);
}

}  // namespace

std::string UnknownOption(std::string_view name) {
  std::string line = FullName(name) + " is not an option of the agent and has no effect";
  if (const OptionSpec* nearest = NearestOption(name)) {
    line += "; did you mean " + FullName(nearest->name) + "?";
  }
  return line;
}

std::string BadOptionValue(const OptionSpec& spec, std::string_view value) {
  return FullName(spec.name) + "=" + Quoted(value) + " is not " + std::string(spec.form);
}

std::span<const OptionSpec> OptionTable() { return kTable; }

bool SetOption(const OptionSpec& spec, std::string_view text, Options* options) {
  if (!spec.set(text, options)) return false;
  options->texts.resize(std::size(kTable));
  options->texts[static_cast<size_t>(&spec - kTable)] = text;
  return true;
}

std::string_view OptionText(const OptionSpec& spec, const Options& options) {
  const auto index = static_cast<size_t>(&spec - kTable);
  return index < options.texts.size() ? std::string_view(options.texts[index]) : "";
}

const OptionSpec* FindOption(std::string_view name) {
  for (const OptionSpec& spec : kTable) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

const OptionSpec* NearestOption(std::string_view name) {
  const OptionSpec* nearest = nullptr;
  // More than a third of the letters wrong is another word.
  size_t least = name.size() / 3 + 1;
  for (const OptionSpec& spec : kTable) {
    const size_t distance = EditDistance(spec.name, name);
    if (distance >= least + (nearest == nullptr ? 1 : 0)) continue;
    nearest = &spec;
    least = distance;
  }
  return nearest;
}

}  // namespace pprofagent::service
