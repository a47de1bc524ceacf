// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agent/service/support/fake_hot.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <utility>

namespace pprofagent {
namespace {

struct State {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<hot::HeapSample> heap;
  std::vector<hot::CpuSample> cpu;
  std::vector<hot::ContentionSample> contentions;
  std::vector<hot::CreationSample> creations;
  std::vector<hot::ContentionPairSample> pairs;
  std::vector<hot::ThreadSample> threads;
  std::vector<hot::ModuleCode> modules;
  std::map<uint32_t, std::vector<hot::Label>> labels;
  std::deque<hot::MemoryCycle> cycles;
  std::vector<hot::GrowthSample> growth;
  hot::Drops drops = {};
  hot::CpuStart cpu_start = hot::CpuStart::kOk;
  bool cpu_running = false;
  int cpu_rate = 0;
  std::set<int> refused;
  std::vector<std::pair<int, hot::Request>> claimed;
  uint32_t requests = 0;
  int value = 0;
  bool woken = false;
  uint32_t wakes = 0;
  bool helper_running = false;
  bool helper_waits = false;
  hot::StartHelper starter = nullptr;
  bool helper_may_end = true;
  int times_asked_to_end = 0;
  int excluded = 0;
};

// Never destroyed: a helper may outlive main.
State& Global() {
  static auto* state = new State;
  return *state;
}

std::deque<std::vector<uintptr_t>>& Stacks() {
  static auto* stacks = new std::deque<std::vector<uintptr_t>>;
  return *stacks;
}

}  // namespace

namespace fake_hot {

void Reset() {
  State& state = Global();
  const std::lock_guard lock(state.mutex);
  state.heap.clear();
  state.cpu.clear();
  state.contentions.clear();
  state.creations.clear();
  state.pairs.clear();
  state.threads.clear();
  state.modules.clear();
  state.labels.clear();
  state.cycles.clear();
  state.growth.clear();
  state.drops = {};
  state.cpu_start = hot::CpuStart::kOk;
  state.cpu_running = false;
  state.cpu_rate = 0;
  state.refused.clear();
  state.claimed.clear();
  state.requests = 0;
  state.value = 0;
  state.helper_may_end = true;
  state.times_asked_to_end = 0;
  state.excluded = 0;
}

hot::StackView Stack(std::initializer_list<uintptr_t> addresses) {
  const std::vector<uintptr_t>& stack = Stacks().emplace_back(addresses);
  return {stack.data(), static_cast<uint32_t>(stack.size()), false};
}

void AddHeapSample(const hot::HeapSample& sample) {
  const std::lock_guard lock(Global().mutex);
  Global().heap.push_back(sample);
}

void AddCpuSample(const hot::StackView& stack, int64_t count, int64_t nanoseconds) {
  const std::lock_guard lock(Global().mutex);
  for (hot::CpuSample& sample : Global().cpu) {
    if (sample.stack.pcs != stack.pcs) continue;
    sample.count += count;
    sample.nanoseconds += nanoseconds;
    return;
  }
  Global().cpu.push_back({stack, count, nanoseconds});
}

void AddCpuRecord(const hot::CpuSample& sample) {
  const std::lock_guard lock(Global().mutex);
  Global().cpu.push_back(sample);
}

void AddContention(const hot::ContentionSample& sample) {
  const std::lock_guard lock(Global().mutex);
  Global().contentions.push_back(sample);
}

void AddCreation(const hot::CreationSample& sample) {
  const std::lock_guard lock(Global().mutex);
  Global().creations.push_back(sample);
}

void AddContentionPair(const hot::ContentionPairSample& pair) {
  const std::lock_guard lock(Global().mutex);
  Global().pairs.push_back(pair);
}

void AddThread(const hot::ThreadSample& sample) {
  const std::lock_guard lock(Global().mutex);
  Global().threads.push_back(sample);
}

void AddLabels(uint32_t number, std::initializer_list<hot::Label> labels) {
  Global().labels[number] = labels;
}

void AddGrowth(const hot::GrowthSample& sample) {
  const std::lock_guard lock(Global().mutex);
  Global().growth.push_back(sample);
}

void AddMemoryCycle(const hot::MemoryCycle& cycle) {
  const std::lock_guard lock(Global().mutex);
  Global().cycles.push_back(cycle);
}

void AddModule(const hot::ModuleCode& code) { Global().modules.push_back(code); }
void SetDrops(const hot::Drops& drops) { Global().drops = drops; }
void SetCpuStart(hot::CpuStart result) { Global().cpu_start = result; }
int CpuRate() { return Global().cpu_rate; }
void RefuseSignals(std::set<int> signals) { Global().refused = std::move(signals); }
std::vector<std::pair<int, hot::Request>> ClaimedSignals() { return Global().claimed; }

void Signal(hot::Request request, int value) {
  {
    const std::lock_guard lock(Global().mutex);
    Global().value = value;
  }
  hot::MakeRequest(request);
}

void WaitUntilHelperRuns(bool runs) {
  std::unique_lock lock(Global().mutex);
  Global().changed.wait(lock, [runs] { return Global().helper_running == runs; });
}

pid_t ForkWhileHelperWaits() {
  State& state = Global();
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&state] { return state.helper_waits && state.requests == 0; });
  const pid_t child = fork();
  if (child == 0) {
    // The waiters it remembers are threads of the parent.
    new (&state.changed) std::condition_variable;
    state.helper_waits = false;
  }
  return child;
}

void SetHelperMayEnd(bool may_end) {
  const std::lock_guard lock(Global().mutex);
  Global().helper_may_end = may_end;
}

int TimesAskedToEnd() {
  const std::lock_guard lock(Global().mutex);
  return Global().times_asked_to_end;
}

int ExcludedThreads() {
  const std::lock_guard lock(Global().mutex);
  return Global().excluded;
}

}  // namespace fake_hot

namespace hot {

void SetStackDepth(uint32_t) {}

int64_t HeapRate() { return 524288; }
void SetHeapRate(int64_t) {}
bool InSandbox() { return false; }
StackView CaptureStack(uint32_t) { return {}; }

CpuStart StartCpu(int hz) {
  State& state = Global();
  if (state.cpu_start != CpuStart::kOk) return state.cpu_start;
  if (state.cpu_running) return CpuStart::kAlreadyRunning;
  state.cpu_running = true;
  state.cpu_rate = hz;
  return CpuStart::kOk;
}

void StopCpu() { Global().cpu_running = false; }
bool CpuRunning() { return Global().cpu_running; }
int CpuRate() { return Global().cpu_rate; }
bool EndsInHandler() { return false; }
void ParkIfWanted() {}
void TendCpu() {}
PerfUse ReadPerfUse() { return {}; }
void SetHelperDescriptors(bool) {}
void WatchForEnd() {}
void EndFilesWritten() {}
void EndByPendingSignal() {}

void ExcludeThisThread() {
  const std::lock_guard lock(Global().mutex);
  ++Global().excluded;
}

Unrecorded::Unrecorded() = default;
Unrecorded::~Unrecorded() = default;

bool ClaimSignal(int signal, Request request) {
  State& state = Global();
  if (state.refused.contains(signal)) return false;
  for (const auto& [claimed, unused] : state.claimed) {
    if (claimed == signal) return false;
  }
  state.claimed.emplace_back(signal, request);
  return true;
}

bool TakeMemoryCycle(MemoryCycle* cycle) {
  const std::lock_guard lock(Global().mutex);
  if (Global().cycles.empty()) return false;
  *cycle = Global().cycles.front();
  Global().cycles.pop_front();
  return true;
}
bool EndMemoryCycle(bool) { return false; }
uint64_t ReadStackBytes() { return 5'000'000; }

void MakeRequest(Request request) {
  State& state = Global();
  StartHelper starter = nullptr;
  {
    const std::lock_guard lock(state.mutex);
    state.requests |= request;
    ++state.wakes;
    if (!state.helper_running) starter = state.starter;
  }
  state.changed.notify_all();
  if (starter != nullptr) starter();
}

uint32_t TakeRequests(int* value) {
  State& state = Global();
  const std::lock_guard lock(state.mutex);
  *value = std::exchange(state.value, 0);
  return std::exchange(state.requests, 0);
}

void WaitForRequest(int64_t timeout_ns) {
  State& state = Global();
  std::unique_lock lock(state.mutex);
  const auto ready = [&state] { return state.requests != 0 || std::exchange(state.woken, false); };
  state.helper_waits = true;
  state.changed.notify_all();
  if (timeout_ns < 0) {
    state.changed.wait(lock, ready);
  } else {
    state.changed.wait_for(lock, std::chrono::nanoseconds(timeout_ns), ready);
  }
  state.helper_waits = false;
}

void WakeHelper() {
  {
    const std::lock_guard lock(Global().mutex);
    Global().woken = true;
    ++Global().wakes;
  }
  Global().changed.notify_all();
}

uint32_t WakeCount() {
  const std::lock_guard lock(Global().mutex);
  return Global().wakes;
}

void SetHelperCompanion(int32_t) {}

void WaitForWake(uint32_t seen) {
  std::unique_lock lock(Global().mutex);
  Global().changed.wait(lock, [seen] { return Global().wakes != seen; });
}

void SetHelperStarter(StartHelper starter) {
  const std::lock_guard lock(Global().mutex);
  Global().starter = starter;
}

void SetHelperLaunching(bool /*launching*/) {}
void SetHelperRunning(bool running) {
  {
    const std::lock_guard lock(Global().mutex);
    Global().helper_running = running;
  }
  Global().changed.notify_all();
}

bool HelperMustEnd() { return false; }

bool HelperMayEnd() {
  const std::lock_guard lock(Global().mutex);
  ++Global().times_asked_to_end;
  return Global().helper_may_end;
}

void VisitHeap(HeapVisitor visitor, void* context) {
  const std::lock_guard lock(Global().mutex);
  for (const HeapSample& sample : Global().heap) visitor(context, sample);
}

void VisitCpu(CpuVisitor visitor, void* context) {
  const std::lock_guard lock(Global().mutex);
  for (const CpuSample& sample : Global().cpu) visitor(context, sample);
}

namespace {

void VisitContentions(bool with_kind, ContentionVisitor visitor, void* context) {
  const std::lock_guard lock(Global().mutex);
  for (const ContentionSample& sample : Global().contentions) {
    if ((sample.kind[0] != '\0') == with_kind) visitor(context, sample);
  }
}

}  // namespace

void VisitCreations(CreationVisitor visitor, void* context) {
  const std::lock_guard lock(Global().mutex);
  for (const CreationSample& sample : Global().creations) visitor(context, sample);
}

void VisitGrowth(GrowthVisitor visitor, void* context) {
  const std::lock_guard lock(Global().mutex);
  for (const GrowthSample& sample : Global().growth) visitor(context, sample);
}

void VisitBlock(ContentionVisitor visitor, void* context) {
  VisitContentions(true, visitor, context);
}
void VisitMutex(ContentionVisitor visitor, void* context) {
  VisitContentions(false, visitor, context);
}
void VisitContention(ContentionPairVisitor visitor, void* context) {
  const std::lock_guard lock(Global().mutex);
  for (const ContentionPairSample& pair : Global().pairs) visitor(context, pair);
}

int64_t MutexFraction() { return 5; }
void SetMutexFraction(int64_t) {}
int64_t BlockRate() { return 1000; }
void SetBlockRate(int64_t) {}

bool VisitThreads(ThreadFacts, ThreadVisitor visitor, void* context) {
  const std::lock_guard lock(Global().mutex);
  for (const ThreadSample& sample : Global().threads) visitor(context, sample);
  return true;
}

void VisitModules(ModuleVisitor visitor, void* context) {
  for (const ModuleCode& code : Global().modules) visitor(context, code);
}

LabelsView LabelsOf(uint32_t labels) {
  const auto known = Global().labels.find(labels);
  if (known == Global().labels.end()) return {};
  return {known->second.data(), static_cast<uint32_t>(known->second.size())};
}

// The unwinder wants no file read.
bool TakeDebugFrameNews() { return false; }
bool NextWantedDebugFrame(WantedDebugFrame*) { return false; }
bool GiveDebugFrame(const ModuleRecord*, const DebugFrameSource&) { return true; }
void RefuseDebugFrame(const ModuleRecord*) {}

Drops ReadDrops() { return Global().drops; }
MemoryUse ReadMemoryUse() {
  return {.modules = 4000, .stacks = 1000, .live_map = 200, .threads = 30, .labels = 5};
}

}  // namespace hot
}  // namespace pprofagent
