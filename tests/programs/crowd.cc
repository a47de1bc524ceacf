// SPDX-License-Identifier: Apache-2.0
//
// crowd [THREADS]: that many threads (999), each of which enters one number into
// one map under one mutex; the main thread holds it until all have come.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace {

std::mutex mutex;
std::map<int, int> numbers;
std::atomic<int> arrived{0};

[[gnu::noinline]] void Enter(int number) {
  ++arrived;
  const std::lock_guard lock(mutex);
  numbers[number] = number;
}

[[gnu::noinline]] void LetThemIn() { mutex.unlock(); }

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 999;
  std::vector<std::thread> threads;
  mutex.lock();
  for (int i = 0; i < count; ++i) threads.emplace_back(Enter, i);
  while (arrived < count) std::this_thread::yield();
  LetThemIn();
  for (std::thread& thread : threads) thread.join();
  std::printf("%zu\n", numbers.size());
  return 0;
}
