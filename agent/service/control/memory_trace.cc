// SPDX-License-Identifier: Apache-2.0
#include "agent/service/control/memory_trace.h"

#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "agent/hot/controls.h"
#include "agent/service/base/clock.h"
#include "agent/service/base/descriptor.h"
#include "agent/service/base/process.h"
#include "agent/service/base/signal_block.h"
#include "agent/service/log/log.h"
#include "agent/service/text/memory_cycle_line.h"

namespace pprofagent::service {
namespace {

constexpr int64_t kStacksEveryNs = 1'000'000'000;

// Of the processors the program may use.
int Processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Beyond 1024 processors the set is too small.
  return sched_getaffinity(0, sizeof(set), &set) == 0
             ? CPU_COUNT(&set)
             : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

// The second number of /proc/self/statm is pages.
uint64_t ResidentBytes() {
  std::string text;
  ReadFile(ProcSelf("statm"), &text);
  const size_t blank = text.find(' ');
  if (blank == std::string::npos) return 0;
  uint64_t pages = 0;
  for (size_t i = blank + 1; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    pages = pages * 10 + static_cast<uint64_t>(text[i] - '0');
  }
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// A pipe with room for less than a line would keep us waiting.
bool TakesALine() {
  pollfd polled = {STDERR_FILENO, POLLOUT, 0};
  return poll(&polled, 1, 0) == 1 && (polled.revents & POLLOUT) != 0;
}

}  // namespace

MemoryTrace::MemoryTrace(int64_t longest_ns)
    : longest_ns_(longest_ns), start_ns_(MonotonicClock()), next_ns_(start_ns_ + longest_ns) {
  struct stat file;
  if (!IsOn() || fstat(STDERR_FILENO, &file) != 0) return;
  device_ = file.st_dev;
  inode_ = file.st_ino;
}

bool MemoryTrace::IsStandardError() const {
  struct stat file;
  return inode_ != 0 && fstat(STDERR_FILENO, &file) == 0 && file.st_dev == device_ &&
         file.st_ino == inode_;
}

uint64_t MemoryTrace::StackBytes(int64_t now_ns) {
  if (now_ns >= stacks_due_ns_) {
    stack_bytes_ = hot::ReadStackBytes();
    stacks_due_ns_ = now_ns + kStacksEveryNs;
  }
  return stack_bytes_;
}

void MemoryTrace::Write(const hot::MemoryCycle& cycle) {
  const int64_t now_ns = MonotonicClock();
  const std::string line =
      MemoryCycleLine(cycle, {.since_start_ns = cycle.end_ns - start_ns_,
                              .agent_cpu_ns = ReadClock(CLOCK_THREAD_CPUTIME_ID),
                              .resident_bytes = ResidentBytes(),
                              .stack_bytes = StackBytes(now_ns),
                              .processors = Processors()});
  const BlockWriteSignals block;
  if (IsStandardError()) {
    if (TakesALine()) WriteAll(STDERR_FILENO, line);
    return;
  }
  if (std::exchange(is_told_, true)) return;
  Log(LogLevel::kWarn,
      "PPROFAGENT_MEMTRACE: the program has closed or replaced its standard error; no lines");
}

void MemoryTrace::WriteEnded() {
  hot::MemoryCycle cycle;
  while (hot::TakeMemoryCycle(&cycle)) {
    Write(cycle);
    next_ns_ = std::max(next_ns_, cycle.end_ns + longest_ns_);
  }
}

void MemoryTrace::Run(int64_t now_ns) {
  if (!IsOn()) return;
  WriteEnded();
  if (now_ns < next_ns_) return;
  next_ns_ = now_ns + longest_ns_;
  hot::EndMemoryCycle(false);
  WriteEnded();
}

std::optional<int64_t> MemoryTrace::NextDue() const {
  return IsOn() ? std::optional(next_ns_) : std::nullopt;
}

void MemoryTrace::Finish() {
  if (IsOn()) WriteEnded();
}

}  // namespace pprofagent::service
