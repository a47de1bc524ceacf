// SPDX-License-Identifier: Apache-2.0
//
// What runs in threads has a name: a lambda would be called `operator()` in
// reports, and a stack that begins in it does not lead through where it is written.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "animal.h"

namespace animals::wolf {

namespace {

struct Pack {
  std::mutex howling;
  std::mutex ready_mutex;
  std::condition_variable ready;
  bool is_ready = false;
};

void DrinkSlowly(Moment moment) { std::this_thread::sleep_for(30 * moment); }

void HowlFirst(Moment moment, Pack* pack) {
  pack->howling.lock();
  {
    const std::lock_guard lock(pack->ready_mutex);
    pack->is_ready = true;
  }
  pack->ready.notify_one();
  std::this_thread::sleep_for(moment);
  pack->howling.unlock();
}

}  // namespace

void Drink(Moment moment) {
  for (int i = 0; i < 10; ++i) std::thread(DrinkSlowly, moment).detach();
}

void Howl(Moment moment) {
  Pack pack;
  std::thread first(HowlFirst, moment, &pack);
  {
    std::unique_lock lock(pack.ready_mutex);
    pack.ready.wait(lock, [&] { return pack.is_ready; });
  }
  pack.howling.lock();
  pack.howling.unlock();
  first.join();
}

void Live(Moment moment) {
  Drink(moment);
  Howl(moment);
}

}  // namespace animals::wolf
