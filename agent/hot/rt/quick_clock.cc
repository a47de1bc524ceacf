// SPDX-License-Identifier: Apache-2.0
#include "agent/hot/rt/quick_clock.h"

#include <fcntl.h>

#include "agent/hot/rt/raw_syscall.h"

namespace pprofagent::hot {

constinit QuickClock g_quick_clock = {.is_counter = false,
                                      .ns_a_count = uint64_t{1} << 32,
                                      .counts_a_ns = uint64_t{1} << 32,
                                      .is_usable = false,
                                      .begin_counts = 0,
                                      .begin_ns = 0};

namespace {

#if defined(__x86_64__)

bool StartsWithLine(const char* text, const char* line) {
  while (*line != '\0' && *text == *line) ++text, ++line;
  return *line == '\0' && *text == '\n';
}

// The kernel watches the counter and takes another clock as soon as it finds it wrong.
bool KernelUsesCounter() {
  constexpr char kFile[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  const long file = RawSyscall(SYS_openat, AT_FDCWD, kFile, O_RDONLY | O_CLOEXEC, 0);
  if (IsSyscallError(file)) return false;
  char text[64] = {};
  const long size = RawSyscall(SYS_read, file, text, sizeof(text) - 1);
  RawSyscall(SYS_close, file);
  if (IsSyscallError(size)) return false;
  return StartsWithLine(text, "tsc") || StartsWithLine(text, "hyperv_clocksource_tsc_page");
}

#else

// The architecture's timer is one for all cores and never stops.
bool KernelUsesCounter() { return true; }

#endif

}  // namespace

void InitializeQuickClock() {
  g_quick_clock.is_usable = KernelUsesCounter();
  g_quick_clock.begin_counts = CounterNow();
  g_quick_clock.begin_ns = MonotonicNanos();
}

void ScaleQuickClock() {
  constexpr uint64_t kEnoughNs = 1'000'000;
  if (!g_quick_clock.is_usable || g_quick_clock.is_counter.load(std::memory_order_relaxed)) return;
  uint64_t counts = CounterNow() - g_quick_clock.begin_counts;
  uint64_t ns = MonotonicNanos() - g_quick_clock.begin_ns;
  if (ns < kEnoughNs || counts == 0) return;
  // So that they can be divided in 64 bits; twenty of them are left.
  while (((ns | counts) >> 31) != 0) {
    ns >>= 1;
    counts >>= 1;
  }
  if (ns == 0 || counts == 0) return;
  g_quick_clock.ns_a_count.store((ns << 32) / counts, std::memory_order_relaxed);
  g_quick_clock.counts_a_ns.store((counts << 32) / ns, std::memory_order_relaxed);
  g_quick_clock.is_counter.store(true, std::memory_order_release);
}

}  // namespace pprofagent::hot
