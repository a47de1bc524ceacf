// SPDX-License-Identifier: Apache-2.0
//
// Everything that makes an unwinder's life hard, at once: two threads that load
// and unload libraries, eight that throw exceptions through deep stacks, one that
// forks, one that starts threads and one that raises signals on an alternate
// stack, for some seconds. Each thread checks its own results. At the end all
// memory must have been given back. Usage: storm SECONDS LIBRARY LIBRARY
#include <dlfcn.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<bool> stop{false};
std::atomic<long> wrong{0};

// Rounds of each kind, so that a storm that did not happen is seen.
enum Kind { kLoads, kExceptions, kForks, kThreads, kSignals, kKinds };
constexpr const char* kNames[kKinds] = {"loads", "exceptions", "forks", "threads", "signals"};
std::atomic<long> rounds[kKinds] = {};

template <typename Round>
void Repeat(Kind kind, Round round) {
  while (!stop.load(std::memory_order_relaxed)) {
    if (!round()) ++wrong;
    ++rounds[kind];
  }
}

bool LoadAndUnload(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  auto* allocate = reinterpret_cast<void* (*)(size_t)>(dlsym(library, "reloaded_allocate"));
  for (int i = 0; i < 20; ++i) free(allocate(100 + static_cast<size_t>(i)));
  return dlclose(library) == 0;
}

__attribute__((noinline)) size_t Throw(int depth, size_t value) {
  const std::string held(30 + static_cast<size_t>(depth), 'x');
  if (depth == 0) throw std::runtime_error(std::to_string(value));
  return Throw(depth - 1, value) + held.size();
}

bool CatchOne(size_t value) {
  try {
    Throw(static_cast<int>(value % 40), value);
  } catch (const std::runtime_error& error) {
    return std::stoul(error.what()) == value;
  }
  return false;
}

bool Fork() {
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    free(malloc(1000));
    _exit(CatchOne(7) ? 42 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 42;
}

bool StartThreads() {
  std::atomic<int> sum{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&sum, i] {
      const std::vector<int> numbers(1000, i);
      for (const int number : numbers) sum += number;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return sum == 6000;
}

thread_local int caught = 0;
void OnSignal(int) { caught = CatchOne(9) ? caught + 1 : -1; }

bool RaiseSignal() {
  const int before = caught;
  raise(SIGUSR2);
  return caught == before + 1;
}

void RaiseSignals() {
  std::vector<char> memory(256 << 10);
  stack_t alternate{};
  alternate.ss_sp = memory.data();
  alternate.ss_size = memory.size();
  sigaltstack(&alternate, nullptr);
  Repeat(kSignals, RaiseSignal);
  alternate.ss_flags = SS_DISABLE;
  sigaltstack(&alternate, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR2, &action, nullptr);
  // What libraries keep for good they have now.
  CatchOne(1);
  StartThreads();
  LoadAndUnload(argv[2]);

  std::vector<std::thread> threads;
  for (const char* path : {argv[2], argv[3]}) {
    threads.emplace_back([path] { Repeat(kLoads, [path] { return LoadAndUnload(path); }); });
  }
  for (size_t i = 0; i < 8; ++i) {
    threads.emplace_back([i] {
      size_t value = i;
      Repeat(kExceptions, [&value] { return CatchOne(value += 8); });
    });
  }
  threads.emplace_back([] { Repeat(kForks, Fork); });
  threads.emplace_back([] { Repeat(kThreads, StartThreads); });
  threads.emplace_back(RaiseSignals);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(atoi(argv[1]));
  const auto all_have_begun = [] {
    for (const auto& count : rounds) {
      if (count.load() < 3) return false;
    }
    return true;
  };
  while (std::chrono::steady_clock::now() < end || !all_have_begun()) usleep(10'000);
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  threads.shrink_to_fit();
  printf("wrong %ld\n", wrong.load());
  for (int i = 0; i < kKinds; ++i) fprintf(stderr, "%s %ld\n", kNames[i], rounds[i].load());
  fprintf(stderr, "in_use %zu\n", mallinfo2().uordblks);
  return wrong == 0 ? 0 : 1;
}
