// SPDX-License-Identifier: Apache-2.0
//
// What a walk costs: nanoseconds a frame at depths of 10, 30 and 100, from a
// signal handler's context, by each backend and by libunwind, and the first walk
// of a process. All frames are of different functions. The backend `auto` has
// three rows: rules remembered in the small table (rule_cache.h), in the large
// one only, and in none, so that every frame's is worked out of .eh_frame. Each
// row is measured in processes of its own, since caches are filled once per
// process; the table shows medians over these, and the range. CPU time is
// measured; of walks one by one (the first, and those that begin with an empty
// table) wall time. A second table shows what a rule costs in programs with many
// return addresses.
//
//     unwind_bench [processes]
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "agent/hot/unwind/cfi.h"
#include "agent/hot/unwind/module_lookup.h"
#include "agent/hot/unwind/rule_cache.h"
#include "agent/hot/unwind/unwinder.h"

namespace {

using namespace pprofagent::hot;

#define PPROFAGENT_TEXT_OF(name) #name
#define PPROFAGENT_NAME_OF(name) PPROFAGENT_TEXT_OF(name)

enum class Method { kAuto, kAutoRecalled, kAutoWorkedOut, kFramePointers, kBacktrace, kStep };

struct Row {
  const char* name;
  Method method;
};
constexpr Row kRows[] = {{"auto", Method::kAuto},
                         {"auto, from the large table", Method::kAutoRecalled},
                         {"auto, worked out", Method::kAutoWorkedOut},
                         {"fp", Method::kFramePointers},
                         {"libunwind unw_backtrace", Method::kBacktrace},
                         {"libunwind unw_step", Method::kStep}};
constexpr int kDepths[] = {10, 30, 100};

constexpr int kBatches = 41;

struct Libunwind {
  int (*backtrace)(void**, int);
  decltype(&unw_init_local2) init;
  decltype(&unw_step) step;
  decltype(&unw_get_reg) get_reg;
};
Libunwind g_libunwind;

struct Result {
  double first_ns;
  double warm_ns;
  double frames;
};

Method g_method;
StackBounds g_bounds;
Result g_result;
uintptr_t g_pcs[1024];

double Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

uint32_t StepAll(void* context) {
  unw_context_t registers = *static_cast<ucontext_t*>(context);
  unw_cursor_t cursor;
  g_libunwind.init(&cursor, &registers, UNW_INIT_SIGNAL_FRAME);
  uint32_t depth = 0;
  do {
    unw_word_t pc = 0;
    g_libunwind.get_reg(&cursor, UNW_REG_IP, &pc);
    g_pcs[depth++] = pc;
  } while (depth < 1024 && g_libunwind.step(&cursor) > 0);
  return depth;
}

uint32_t WalkOnce(void* context) {
  if (g_method == Method::kBacktrace) {
    return static_cast<uint32_t>(g_libunwind.backtrace(reinterpret_cast<void**>(g_pcs), 1024));
  }
  if (g_method == Method::kStep) return StepAll(context);
  Frames frames{};
  frames.pcs = g_pcs;
  frames.capacity = 1024;
  Unwind(RegistersFromContext(context), PcKind::kExact, g_bounds, UnwindContext::kSignal, &frames);
  return frames.depth;
}

void ForgetSmallTable() {
  for (CachedRule& entry : g_rule_cache) {
    entry.rule.store(0, std::memory_order_relaxed);
    entry.check.store(0, std::memory_order_relaxed);
  }
}

// The large table is mapped when entries of the small one displace each other, or
// given up for good if there is no memory for it then.
void OpenLargeTable(bool with_memory) {
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  const rlimit none{4096, before.rlim_max};
  if (!with_memory) setrlimit(RLIMIT_AS, &none);
  for (int i = 0; i < 2; ++i) CacheRule(1, 1, kPackedNoRule);
  setrlimit(RLIMIT_AS, &before);
  if ((RuleCacheBytes() != 0) != with_memory) _exit(1);
}

// Of walks that find the small table empty.
double MedianOfSingleWalks(void* context) {
  WalkOnce(context);
  double walks[501];
  for (double& walk : walks) {
    ForgetSmallTable();
    const double start = Now(CLOCK_MONOTONIC);
    WalkOnce(context);
    walk = Now(CLOCK_MONOTONIC) - start;
  }
  std::sort(std::begin(walks), std::end(walks));
  return walks[250];
}

void OnSignal(int, siginfo_t*, void* context) {
  // Short, so wall time; the other clock is a system call.
  const double begin = Now(CLOCK_MONOTONIC);
  g_result.frames = WalkOnce(context);
  g_result.first_ns = Now(CLOCK_MONOTONIC) - begin;
  if (g_method == Method::kAutoRecalled || g_method == Method::kAutoWorkedOut) {
    g_result.warm_ns = MedianOfSingleWalks(context);
    return;
  }
  // In batches, of which the median counts: others use the machine too.
  const int rounds = g_method == Method::kStep ? 10 : 500;
  for (int i = 0; i < rounds; ++i) WalkOnce(context);
  double batches[kBatches];
  for (double& batch : batches) {
    const double start = Now(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < rounds; ++i) WalkOnce(context);
    batch = (Now(CLOCK_THREAD_CPUTIME_ID) - start) / rounds;
  }
  std::sort(std::begin(batches), std::end(batches));
  g_result.warm_ns = batches[kBatches / 2];
}

// Each calls the next; the last is asked for a walk.
template <int kIndex>
__attribute__((noinline, noipa)) int Call(int depth) {
  volatile int words[8 + kIndex % 7] = {depth};
  if constexpr (kIndex > 0) {
    if (depth > 0) return Call<kIndex - 1>(depth - 1) + words[0];
  }
  return static_cast<int>(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1)) + words[0];
}
constexpr int kDeepest = 100;

template <typename Function>
bool Find(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

bool LoadLibunwind() {
  void* library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  return library != nullptr &&
         Find(library, PPROFAGENT_NAME_OF(unw_backtrace), &g_libunwind.backtrace) &&
         Find(library, PPROFAGENT_NAME_OF(unw_init_local2), &g_libunwind.init) &&
         Find(library, PPROFAGENT_NAME_OF(unw_step), &g_libunwind.step) &&
         Find(library, PPROFAGENT_NAME_OF(unw_get_reg), &g_libunwind.get_reg);
}

// In a child process.
void Measure(Method method, int depth) {
  g_method = method;
  InitializeUnwinder(method == Method::kFramePointers ? UnwinderBackend::kFramePointers
                                                      : UnwinderBackend::kAuto);
  if (method == Method::kAutoRecalled) OpenLargeTable(true);
  if (method == Method::kAutoWorkedOut) OpenLargeTable(false);
  pthread_attr_t attributes;
  void* low = nullptr;
  size_t size = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &size);
  g_bounds = {reinterpret_cast<uintptr_t>(low), reinterpret_cast<uintptr_t>(low) + size};
  struct sigaction action {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  Call<kDeepest>(depth);
}

bool MeasureInChild(Method method, int depth, Result* result) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  const pid_t child = fork();
  if (child == 0) {
    Measure(method, depth);
    const bool told = write(ends[1], &g_result, sizeof(g_result)) == sizeof(g_result);
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  const bool heard = read(ends[0], result, sizeof(*result)) == sizeof(*result);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return heard && status == 0;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void PrintRow(const Row& row, int depth, int processes) {
  std::vector<double> warm;
  std::vector<double> first;
  Result result{};
  for (int i = 0; i < processes; ++i) {
    if (!MeasureInChild(row.method, depth, &result)) {
      fprintf(stderr, "unwind_bench: %s at depth %d failed in its process\n", row.name, depth);
      exit(1);
    }
    warm.push_back(result.warm_ns);
    first.push_back(result.first_ns);
  }
  const auto [least, most] = std::minmax_element(warm.begin(), warm.end());
  printf("%-26s %5d %7.0f %9.0f %8.1f  (%.1f..%.1f) %11.1f\n", row.name, depth, result.frames,
         Median(warm), Median(warm) / result.frames, *least / result.frames, *most / result.frames,
         Median(first) / 1000);
}

// What a frame's rule costs when a program's stacks have many different return
// addresses: remembered or worked out (rule_cache.h), and for comparison a binary
// search in a table of all rows of the module, as if it had been compiled ahead
// of time. Addresses of the largest library at hand.
struct TableRow {
  uint32_t offset;
  uint32_t unused;
  PackedRule rule;
};

class RuleLookups {
 public:
  bool Open(const char* path) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    link_map* map = nullptr;
    if (library == nullptr || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) return false;
    if (!FindModule(reinterpret_cast<uintptr_t>(map->l_ld), &module_)) return false;
    tables_ = TablesOf(module_);
    // One row every few bytes is what compilers' prologues and epilogues make.
    std::mt19937_64 random(1);
    memcpy(&functions_, tables_.eh_frame_hdr + 8, sizeof(functions_));
    for (uint32_t i = 0; i + 1 < functions_; ++i) {
      const uintptr_t begin = FunctionAt(i);
      const uintptr_t size = FunctionAt(i + 1) - begin;
      if (size == 0 || size > 100'000) continue;
      for (int n = 0; n < 6; ++n) AddRow(begin + random() % size);
    }
    std::sort(table_.begin(), table_.end(),
              [](const TableRow& a, const TableRow& b) { return a.offset < b.offset; });
    rows_.resize(table_.size());
    for (size_t i = 0; i < rows_.size(); ++i) rows_[i] = static_cast<uint32_t>(i);
    std::shuffle(rows_.begin(), rows_.end(), random);
    return !rows_.empty();
  }

  void Print(const char* path) {
    printf("\nns a rule in %s, %zu rows (%.1f MB as a table)\n%-20s %12s %12s\n", path,
           table_.size(), static_cast<double>(table_.size() * sizeof(TableRow)) / 1e6,
           "different addresses", "remembered", "searched");
    for (const size_t count : {size_t{1000}, size_t{4000}, size_t{16000}, size_t{60000}}) {
      if (count > rows_.size()) break;
      printf("%-20zu %12.0f %12.0f\n", count, Time(count, [this](uint32_t i) { Remembered(i); }),
             Time(count, [this](uint32_t i) { Searched(i); }));
    }
  }

 private:
  uintptr_t FunctionAt(uint32_t i) const {
    int32_t offset = 0;
    memcpy(&offset, tables_.eh_frame_hdr + 12 + size_t{i} * 8, sizeof(offset));
    return reinterpret_cast<uintptr_t>(tables_.eh_frame_hdr) +
           static_cast<uintptr_t>(int64_t{offset});
  }

  uintptr_t AddressOf(const TableRow& row) const {
    return reinterpret_cast<uintptr_t>(module_.begin) + row.offset;
  }

  void AddRow(uintptr_t pc) {
    FrameRules rules;
    if (!FindFrameRules(tables_, pc, &rules)) return;
    const auto offset = static_cast<uint32_t>(pc - reinterpret_cast<uintptr_t>(module_.begin));
    if (const PackedRule rule = PackRules(rules)) table_.push_back({offset, 0, rule});
  }

  void Remembered(uint32_t row) {
    const uintptr_t pc = AddressOf(table_[row]);
    PackedRule rule = FindCachedRule(pc, module_.identity);
    if (rule == 0) rule = RecallRule(pc, module_.identity);
    if (rule == 0) {
      FrameRules rules;
      FindFrameRules(tables_, pc, &rules);
      rule = PackRules(rules);
      CacheRule(pc, module_.identity, rule);
    }
    sum_ = sum_ + rule;
  }

  void Searched(uint32_t row) {
    const auto found = std::upper_bound(
        table_.begin(), table_.end(), table_[row].offset,
        [](uint32_t offset, const TableRow& other) { return offset < other.offset; });
    sum_ = sum_ + (found - 1)->rule;
  }

  // The third time over the first `count` rows.
  template <typename Lookup>
  double Time(size_t count, Lookup lookup) {
    double begin = 0;
    for (int round = 0; round < 3; ++round) {
      begin = Now(CLOCK_THREAD_CPUTIME_ID);
      for (size_t i = 0; i < count; ++i) lookup(rows_[i]);
    }
    return (Now(CLOCK_THREAD_CPUTIME_ID) - begin) / static_cast<double>(count);
  }

  Module module_{};
  CfiModule tables_{};
  uint32_t functions_ = 0;
  std::vector<TableRow> table_;
  std::vector<uint32_t> rows_;
  volatile uint64_t sum_ = 0;
};

void PrintRuleLookups() {
  for (const char* path : {"libLLVM-14.so.1", "libstdc++.so.6"}) {
    RuleLookups lookups;
    if (lookups.Open(path)) return lookups.Print(path);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int processes = argc > 1 ? atoi(argv[1]) : 9;
  if (processes < 1) {
    fprintf(stderr, "usage: unwind_bench [processes]\n");
    return 2;
  }
  const bool has_libunwind = LoadLibunwind();
  if (!has_libunwind) fprintf(stderr, "unwind_bench: no libunwind.so.8; its rows are left out\n");
  printf("%-26s %5s %7s %9s %8s  %-13s %10s\n", "unwinder", "depth", "frames", "ns warm",
         "ns/frame", "(range)", "first us");
  for (const Row& row : kRows) {
    const bool theirs = row.method == Method::kBacktrace || row.method == Method::kStep;
    if (theirs && !has_libunwind) continue;
    for (const int depth : kDepths) PrintRow(row, depth, processes);
  }
  PrintRuleLookups();
  return 0;
}
