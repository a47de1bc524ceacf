// SPDX-License-Identifier: Apache-2.0
//
// The C++ library's locks under contention: each protects a counter, and all
// counts must come out. Locks are made and destroyed as well, and one is used by
// a constructor that runs before main.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 4;
constexpr int kTurns = 3000;

struct Early {
  Early() {
    const std::lock_guard lock(mutex);
    ++count;
  }
  std::mutex mutex;
  int count = 0;
} early;

template <typename Function>
void InThreads(Function function) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(function);
  for (std::thread& thread : threads) thread.join();
}

template <typename Mutex>
long CountUnder() {
  Mutex mutex;
  long count = 0;
  InThreads([&] {
    for (int i = 0; i < kTurns; ++i) {
      const std::lock_guard lock(mutex);
      ++count;
    }
  });
  return count;
}

long CountShared() {
  std::shared_mutex mutex;
  long count = 0;
  std::atomic<long> seen{0};
  InThreads([&] {
    for (int i = 0; i < kTurns; ++i) {
      if (i % 4 == 0) {
        const std::unique_lock lock(mutex);
        ++count;
      } else {
        const std::shared_lock lock(mutex);
        if (count >= 0) ++seen;
      }
    }
  });
  return count + seen;
}

long PassThroughQueue() {
  std::mutex mutex;
  std::condition_variable not_empty;
  std::vector<int> queue;
  long sum = 0;
  std::thread consumer([&] {
    for (int left = kTurns; left > 0; --left) {
      std::unique_lock lock(mutex);
      not_empty.wait(lock, [&] { return !queue.empty(); });
      sum += queue.back();
      queue.pop_back();
    }
  });
  for (int i = 0; i < kTurns; ++i) {
    {
      const std::lock_guard lock(mutex);
      queue.push_back(i);
    }
    not_empty.notify_one();
  }
  consumer.join();
  return sum;
}

long CountTimed() {
  std::timed_mutex mutex;
  std::atomic<long> timeouts{0};
  const std::lock_guard lock(mutex);
  InThreads([&] { timeouts += mutex.try_lock_for(std::chrono::milliseconds(5)) ? 0 : 1; });
  return timeouts;
}

// A lock that lies where another one has just been.
long CountShortLived() {
  long count = 0;
  for (int i = 0; i < 200; ++i) {
    auto mutex = std::make_unique<std::mutex>();
    std::thread other([&] {
      const std::lock_guard lock(*mutex);
      ++count;
    });
    {
      const std::lock_guard lock(*mutex);
      ++count;
    }
    other.join();
  }
  return count;
}

void ThrowsWithLock(std::mutex& mutex) {
  const std::lock_guard lock(mutex);
  throw 1;
}

}  // namespace

int main() {
  std::printf("early %d\n", early.count);
  std::printf("mutex %ld\n", CountUnder<std::mutex>());
  std::printf("recursive %ld\n", CountUnder<std::recursive_mutex>());
  std::printf("shared %ld\n", CountShared());
  std::printf("queue %ld\n", PassThroughQueue());
  std::printf("timed %ld\n", CountTimed());
  std::printf("short-lived %ld\n", CountShortLived());
  std::printf("future %d\n", std::async(std::launch::async, [] { return 5; }).get());
  std::mutex mutex;
  try {
    ThrowsWithLock(mutex);
  } catch (int thrown) {
    std::printf("thrown %d, free %d\n", thrown, mutex.try_lock());
  }
  return 0;
}
