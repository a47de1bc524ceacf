// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/controller.h"

#include <algorithm>

#include "agent/service/base/clock.h"
#include "agent/service/log/log.h"
#include "agent/service/options/option_table.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

Reply Failed(Status status) { return {std::move(status), {}}; }

// Whether the value adds up over time, as opposed to the state of a moment.
bool IsCumulative(const ValueType& type) {
  return !type.type.starts_with("inuse_") && type.type != "goroutine";
}

}  // namespace

Controller::Controller(Options& options, const char* unwinder, const ProcessOrigin& origin)
    : options_(options),
      unwinder_(unwinder),
      origin_(origin),
      signal_kinds_(KindsOfOption("SIGNAL_PROFILES", options.signal_profiles, "heap")),
      exit_kinds_(KindsOfOption("EXIT_PROFILES", options.exit_profiles, "none")),
      dumper_(options),
      cpu_(options.cpu_rate),
      memory_trace_(options.memtrace_ns) {}

// Names cannot be checked where options are parsed: kinds come later in the
// order of the folders.
Kinds Controller::KindsOfOption(const char* option, const std::vector<std::string>& names,
                                const char* fallback) const {
  Kinds kinds;
  const Status status = ParseKinds(names, &kinds);
  if (status.ok()) return kinds;
  if (!origin_.is_fork_child) {
    Log(LogLevel::kWarn,
        std::string(kOptionPrefix) + option + ": " + status.text() + "; using " + fallback);
  }
  kinds.clear();
  if (const KindSpec* spec = FindKind(fallback)) kinds.push_back(spec);
  return kinds;
}

bool Controller::WantsCpuThroughout() const {
  return !options_.cpuprofile.empty() || Contains(exit_kinds_, Kind::kCpu);
}

void Controller::Begin() {
  if (WantsCpuThroughout()) {
    const Status status = cpu_.Begin(CpuSessions::kWholeProcess);
    if (!status.ok()) Log(LogLevel::kError, status.text());
  } else if (hot::CpuRunning()) {
    hot::StopCpu();  // inherited from the parent, whose profile it is
  }
  if (memory_trace_.IsOn() && options_.heap_rate == 0 && !origin_.is_fork_child) {
    Log(LogLevel::kWarn,
        "PPROFAGENT_MEMTRACE: with HEAP_RATE=0 no allocation is seen; the lines say nothing");
  }
  if (options_.interval_ns > 0) next_interval_ns_ = MonotonicClock() + options_.interval_ns;
}

Status Controller::Produce(const KindSpec& kind, ByteStream* stream) const {
  const ProfileContext context = Context();
  if (kind.record != nullptr) return WriteProto(Read(kind), context, stream);
  const CpuInterval* interval = ended_cpu_ ? &*ended_cpu_ : cpu_.Running();
  if (interval == nullptr) return Status::Error("no CPU profile is running");
  return WriteProto(interval->Record(), context, stream);
}

Reply Controller::Dump(const Kinds& kinds) {
  std::vector<Dumper::Item> items;
  bool lacks_cpu = false;
  for (const KindSpec* kind : kinds) {
    if (kind->kind == Kind::kCpu && !ended_cpu_ && cpu_.Running() == nullptr) {
      lacks_cpu = true;
      continue;
    }
    items.push_back({kind, [this, kind](ByteStream* stream) { return Produce(*kind, stream); }});
  }
  Reply reply;
  if (!items.empty()) reply.status = dumper_.Dump(items, &reply.lines);
  if (reply.status.ok() && lacks_cpu) {
    reply.status = Status::Error("cannot dump a CPU profile: none is running");
    Log(LogLevel::kWarn, reply.status.text());
  }
  return reply;
}

Status Controller::DumpTo(const KindSpec& kind, const std::string& path) const {
  Status status = WriteNamedFile(
      {.path = path}, [this, &kind](ByteStream* stream) { return Produce(kind, stream); });
  if (!status.ok()) Log(LogLevel::kError, status.text());
  return status;
}

Reply Controller::StartCpu(int seconds) {
  Status status = cpu_.Begin(CpuSessions::kOnRequest);
  if (!status.ok()) return Failed(std::move(status));
  is_cpu_requested_.store(true, std::memory_order_release);
  if (seconds > 0) cpu_end_ns_ = MonotonicClock() + seconds * kNanosecondsPerSecond;
  Log(LogLevel::kInfo, "CPU profile started");
  return {Status(), {"CPU profile started"}};
}

Reply Controller::StopCpu() {
  cpu_end_ns_.reset();
  const std::optional<CpuInterval> interval = cpu_.End(CpuSessions::kOnRequest);
  is_cpu_requested_.store(false, std::memory_order_release);
  if (!interval) return Failed(Status::Error("no CPU profile is running on request"));
  const auto produce = [this, &interval](ByteStream* stream) {
    return WriteProto(interval->Record(), Context(), stream);
  };
  Reply reply;
  reply.status = dumper_.Dump({{&SpecOf(Kind::kCpu), produce}}, &reply.lines);
  return reply;
}

Status Controller::BeginClientWall(int rate_hz, std::optional<int32_t> only_tid) {
  if (wall_) return Status::Error("wall clock profiling already in use");
  wall_.emplace(rate_hz, only_tid);
  return Status();
}

std::optional<Recording> Controller::EndClientWall() {
  if (!wall_ || wall_end_ns_) return std::nullopt;
  Recording recording = wall_->Finish();
  wall_.reset();
  return recording;
}

Reply Controller::StartWall(int seconds, int rate_hz) {
  if (Status status = BeginClientWall(rate_hz); !status.ok()) return Failed(std::move(status));
  wall_end_ns_ = MonotonicClock() + seconds * kNanosecondsPerSecond;
  is_wall_requested_.store(true, std::memory_order_release);
  const std::string text =
      "wall clock profile started, dumped after " + std::to_string(seconds) + " s";
  Log(LogLevel::kInfo, text);
  return {Status(), {text}};
}

void Controller::DumpWall() {
  wall_end_ns_.reset();
  is_wall_requested_.store(false, std::memory_order_release);
  const std::optional<Recording> recording = EndClientWall();
  if (!recording) return;
  std::vector<std::string> written;
  // The dumper logs what fails.
  static_cast<void>(dumper_.Dump({{&SpecOf(Kind::kWall),
                                   [this, &recording](ByteStream* stream) {
                                     return WriteProto(*recording, Context(), stream);
                                   }}},
                                 &written));
}

Reply Controller::SetOption(std::string_view name, std::string_view value) {
  if (name.starts_with(kOptionPrefix)) name.remove_prefix(kOptionPrefix.size());
  const OptionSpec* spec = FindOption(name);
  if (spec == nullptr) return Failed(Status::Error(UnknownOption(name)));
  const std::string full_name = std::string(kOptionPrefix) + std::string(name);
  if (!spec->live) {
    return Failed(Status::Error(full_name + " can only be set in the environment, at the start"));
  }
  if (!service::SetOption(*spec, value, &options_)) {
    return Failed(Status::Error(BadOptionValue(*spec, value)));
  }
  // Only this one: the program may have set others by itself.
  if (name == "HEAP_RATE") hot::SetHeapRate(options_.heap_rate);
  if (name == "STACK_DEPTH") hot::SetStackDepth(options_.stack_depth);
  if (name == "MUTEX_FRACTION") hot::SetMutexFraction(options_.mutex_fraction);
  if (name == "BLOCK_RATE") hot::SetBlockRate(options_.block_rate);
  if (name == "CPU_RATE") cpu_.SetRate(options_.cpu_rate);
  Log(LogLevel::kInfo, full_name + " is now " + std::string(value));
  return {Status(), {full_name + "=" + std::string(value)}};
}

Reply Controller::Reset() {
  const ProfileContext context = Context();
  baselines_.clear();
  for (const KindSpec& kind : KindTable()) {
    if (kind.record == nullptr) continue;
    Recording baseline = kind.record(kind, context);
    for (RecordedSample& sample : baseline.samples) {
      for (size_t i = 0; i < kind.sample_types.size(); ++i) {
        if (!IsCumulative(kind.sample_types[i])) sample.values[i] = 0;
      }
    }
    baselines_.push_back(std::move(baseline));
  }
  Log(LogLevel::kInfo, "counts start anew");
  return {Status(), {"counts start anew; what is in use stays"}};
}

Recording Controller::Read(const KindSpec& kind) const {
  Recording now = kind.record(kind, Context());
  for (const Recording& baseline : baselines_) {
    if (baseline.kind == &kind) return Since(baseline, std::move(now));
  }
  return now;
}

void Controller::RunDue(int64_t now_ns) {
  if (has_ended_) return;
  memory_trace_.Run(now_ns);
  if (wall_end_ns_ && *wall_end_ns_ <= now_ns) DumpWall();
  if (wall_ && wall_->next_ns() <= now_ns) wall_->Look();
  if (cpu_end_ns_ && *cpu_end_ns_ <= now_ns) StopCpu();
  if (next_interval_ns_ && *next_interval_ns_ <= now_ns) {
    // Moments missed (the machine slept, the disk was slow) stay missed.
    const int64_t missed = (now_ns - *next_interval_ns_) / options_.interval_ns;
    *next_interval_ns_ += (missed + 1) * options_.interval_ns;
    Dump(exit_kinds_.empty() ? Kinds{&SpecOf(Kind::kHeap)} : exit_kinds_);
  }
}

std::optional<int64_t> Controller::NextDue() const {
  std::optional<int64_t> next;
  if (has_ended_) return next;
  const std::optional<int64_t> look = wall_ ? std::optional(wall_->next_ns()) : std::nullopt;
  for (const std::optional<int64_t>& due :
       {cpu_end_ns_, next_interval_ns_, memory_trace_.NextDue(), wall_end_ns_, look}) {
    if (due) next = std::min(*due, next.value_or(*due));
  }
  return next;
}

// Perf events are descriptors of the helper's and end with it.
bool Controller::NeedsHelper() const {
  return NextDue().has_value() || IsCpuRequested() ||
         (options_.cpu_engine == CpuEngineChoice::kPerf && hot::CpuRunning());
}

bool Controller::HasExitWork() const {
  return !options_.cpuprofile.empty() || !options_.memprofile.empty() ||
         !options_.blockprofile.empty() || !options_.mutexprofile.empty() || !exit_kinds_.empty() ||
         memory_trace_.IsOn() || IsCpuRequested() ||
         is_wall_requested_.load(std::memory_order_acquire);
}

void Controller::WriteExitFile(const char* option, const std::string& value, const KindSpec& kind) {
  if (value.empty()) return;
  const NamedFile file = ProfilePath(options_, option, value, origin_);
  const auto produce = [this, &kind](ByteStream* stream) { return Produce(kind, stream); };
  Status status = WriteNamedFile(file, produce);
  if (status.ok()) {
    Log(LogLevel::kInfo, "wrote " + file.path);
  } else {
    Log(LogLevel::kError, status.text());
  }
}

void Controller::WriteAtExit() {
  has_ended_ = true;
  if (IsCpuRequested()) StopCpu();
  if (wall_end_ns_) DumpWall();
  ended_cpu_ = cpu_.End(CpuSessions::kWholeProcess);
  if (ended_cpu_) WriteExitFile("CPUPROFILE", options_.cpuprofile, SpecOf(Kind::kCpu));
  WriteExitFile("MEMPROFILE", options_.memprofile, SpecOf(Kind::kAllocs));
  WriteExitFile("BLOCKPROFILE", options_.blockprofile, SpecOf(Kind::kBlock));
  WriteExitFile("MUTEXPROFILE", options_.mutexprofile, SpecOf(Kind::kMutex));
  if (!exit_kinds_.empty()) Dump(exit_kinds_);
  memory_trace_.Finish();
}

}  // namespace pprofagent::service
