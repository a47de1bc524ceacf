// SPDX-License-Identifier: Apache-2.0
//
// thread_leak [repaired]: every 10 ms a thread makes something and hands it over
// through a queue of one place. Nobody takes anything out, so that all but the
// first wait for ever; repaired, somebody does.
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace {

class Queue {
 public:
  void Put(std::string thing) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !place_.has_value(); });
    place_ = std::move(thing);
    changed_.notify_all();
  }
  std::string Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return place_.has_value(); });
    std::string thing = std::move(*place_);
    place_.reset();
    changed_.notify_all();
    return thing;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> place_;
};

Queue queue;

[[gnu::noinline]] void Alloc() { queue.Put(std::string(1000, 'x')); }

[[gnu::noinline]] void Consume() {
  for (;;) queue.Take();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "repaired") == 0) std::thread(Consume).detach();
  for (;;) {
    std::thread(Alloc).detach();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}
